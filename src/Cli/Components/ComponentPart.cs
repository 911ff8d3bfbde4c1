using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Validation;

namespace Chain.Cli.Components;

/// <summary>A core module or a component inside a component.</summary>
/// <param name="Path">Its place, such as <c>component 0 / module 2</c>.</param>
/// <param name="Kind"><c>core module</c> or <c>component</c>.</param>
/// <param name="Offset">Its byte offset in the file's component.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="Functions">The functions that a core module defines.</param>
/// <param name="Imports">How many it has.</param>
/// <param name="Exports">How many it has.</param>
internal sealed record ComponentPart(string Path, string Kind, long Offset, int Size, int? Functions, int Imports, int Exports)
{
    /// <summary>All parts in the order in which they stand, each component before what is in it.</summary>
    public static IEnumerable<ComponentPart> All(ComponentContext context) => All(context, "");

    private static IEnumerable<ComponentPart> All(ComponentContext context, string prefix)
    {
        int modules = 0;
        int components = 0;
        foreach (Definition definition in context.Component.Definitions)
        {
            switch (definition)
            {
                case CoreModuleDefinition { Module: var module }:
                    yield return new ComponentPart(
                        $"{prefix}module {modules++}", "core module", definition.Offset, module.Bytes.Length, module.Functions.Length,
                        module.Imports.Length, module.Exports.Length);
                    break;
                case NestedComponentDefinition nested:
                    string path = $"{prefix}component {components++}";
                    ComponentContext inner = context.Nested[definition];
                    yield return new ComponentPart(
                        path, "component", definition.Offset, nested.Component.Bytes.Length, null, inner.Type.Imports.Count, inner.Type.Exports.Count);
                    foreach (ComponentPart part in All(inner, path + " / ")) yield return part;
                    break;
            }
        }
    }
}
