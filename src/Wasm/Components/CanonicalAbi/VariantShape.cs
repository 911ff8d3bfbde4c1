using System.Runtime.CompilerServices;
using Chain.Wasm.Components.CanonicalAbi.Compilation;
using Chain.Wasm.Components.Types;

namespace Chain.Wasm.Components.CanonicalAbi;

/// <summary>
/// How a variant, enum, option or result lies, worked out once for each type: it can have a hundred thousand cases, and a list as many of it. Safe for
/// any thread.
/// </summary>
internal sealed class VariantShape
{
    private static readonly ConditionalWeakTable<ValType, VariantShape> Known = [];

    private readonly Dictionary<string, int> numbers = [];

    private VariantShape(ValType type)
    {
        Payloads = ValueMover.PayloadsOf(type);
        DiscriminantSize = Layout.DiscriminantSize(Payloads.Length);
        int alignment = 1;
        foreach (ValType? payload in Payloads)
        {
            if (payload is null) continue;
            alignment = Math.Max(alignment, payload.Layout.Alignment);
            FlatPayloads = Math.Max(FlatPayloads, Flattening.Flatten(payload)?.Count ?? 0);
        }

        PayloadOffset = (uint)(DiscriminantSize + alignment - 1) / (uint)alignment * (uint)alignment;
        if (type is EnumType labels) Number(labels.Labels);
        else if (type is VariantType variant) Number([.. variant.Cases.Select(static one => one.Label)]);
    }

    /// <summary>The payload's type by case.</summary>
    public ValType?[] Payloads { get; }

    /// <summary>Bytes.</summary>
    public int DiscriminantSize { get; }

    /// <summary>Where the payload begins, in bytes.</summary>
    public uint PayloadOffset { get; }

    /// <summary>The flat values behind the case, where the type is flat.</summary>
    public int FlatPayloads { get; }

    public static VariantShape Of(ValType type) => Known.GetValue(type, static type => new VariantShape(type));

    /// <summary>The number of a case, or -1.</summary>
    public int NumberOf(string label) => numbers.GetValueOrDefault(label, -1);

    private void Number(IReadOnlyList<string> labels)
    {
        for (int i = 0; i < labels.Count; i++) numbers[labels[i]] = i;
    }
}
