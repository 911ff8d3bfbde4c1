using Chain.Silo.Applications.Manifest;
using Chain.Wasm;
using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Validation;
using Chain.Wasm.Validation;

namespace Chain.Silo.Applications.Resolution;

/// <summary>A component of a manifest with its type.</summary>
/// <param name="Written">What the manifest says.</param>
/// <param name="Bytes">The component.</param>
/// <param name="Context">It, validated.</param>
internal sealed record ResolvedComponent(ManifestComponent Written, ReadOnlyMemory<byte> Bytes, ComponentContext Context)
{
    public string Name => Written.Name.Value;

    public IReadOnlyList<NamedExtern> Imports => Context.Type.Imports;

    public IReadOnlyList<NamedExtern> Exports => Context.Type.Exports;

    /// <summary>Validates a component; <see langword="null"/> after an error.</summary>
    public static ResolvedComponent? Of(ManifestComponent written, ReadOnlyMemory<byte> bytes, TypeRegistry registry, IssueList issues)
    {
        Placed<string> named = written.Path ?? written.Digest ?? written.Name;
        try
        {
            if (bytes.Span.StartsWith("\0asm\u0001\0\0\0"u8))
            {
                issues.Error(named.Place, $"component '{written.Name.Value}': {named.Value} is a core module; expected a component");
                return null;
            }

            return new ResolvedComponent(written, bytes, ComponentValidator.Validate(ComponentReader.Read(bytes, named.Value), registry));
        }
        catch (WasmException e)
        {
            issues.Error(named.Place, $"component '{written.Name.Value}': {e.Message}");
            return null;
        }
    }
}
