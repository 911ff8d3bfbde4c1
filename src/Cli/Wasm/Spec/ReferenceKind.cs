using Chain.Wasm.Binary;

namespace Chain.Cli.Wasm.Spec;

/// <summary>What a reference in a result points to.</summary>
internal static class ReferenceKind
{
    /// <summary>The abstract heap type right above it, or <see langword="null"/> for null.</summary>
    public static AbstractHeapType? Of(object? reference) => reference is null ? null : throw new NotImplementedException("the engine's object kinds");
}
