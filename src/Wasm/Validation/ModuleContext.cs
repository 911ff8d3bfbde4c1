using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Chain.Wasm.Binary;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Validation;

/// <summary>
/// A validated module with its index spaces, imports first (core specification, "Validation / Conventions / Contexts"). Safe to read
/// from any thread.
/// </summary>
public sealed class ModuleContext
{
    internal ModuleContext(Module module, TypeRegistry registry)
    {
        Module = module;
        Registry = registry;
        CanonicalIds = new int[module.Types.Length];
        FunctionTypes = [];
        Tables = [];
        Memories = [];
        Globals = [];
        TagTypes = [];
        DeclaredFunctions = new BitArray(0);
    }

    /// <summary>The module.</summary>
    public Module Module { get; }

    internal TypeRegistry Registry { get; }

    /// <summary>The registry's id for each type index.</summary>
    internal int[] CanonicalIds { get; }

    /// <summary>The type index of each function.</summary>
    internal uint[] FunctionTypes { get; set; }

    internal TableType[] Tables { get; set; }

    internal MemoryType[] Memories { get; set; }

    internal GlobalType[] Globals { get; set; }

    /// <summary>The type index of each tag.</summary>
    internal uint[] TagTypes { get; set; }

    /// <summary>The functions that occur outside of bodies, and that <c>ref.func</c> may therefore name.</summary>
    internal BitArray DeclaredFunctions { get; set; }

    /// <summary>The type at an index that is known to be a function type.</summary>
    internal FunctionType FunctionTypeAt(uint typeIndex) => (FunctionType)Module.Types[typeIndex].Composite;

    /// <summary>The type at an index that is known to be a structure type.</summary>
    internal StructType StructTypeAt(uint typeIndex) => (StructType)Module.Types[typeIndex].Composite;

    /// <summary>The type at an index that is known to be an array type.</summary>
    internal ArrayType ArrayTypeAt(uint typeIndex) => (ArrayType)Module.Types[typeIndex].Composite;

    /// <summary>The type of a function by its index.</summary>
    internal FunctionType TypeOfFunction(uint function) => FunctionTypeAt(FunctionTypes[function]);

    /// <summary>Whether a value of one type may stand where the other is expected; type indices are the module's.</summary>
    internal bool Matches(ValueType sub, ValueType super) =>
        sub == super || sub.IsBottom || (sub.IsRef && super.IsRef && Registry.Matches(Canonicalize(sub), Canonicalize(super)));

    /// <summary>The type with the registry's ids in place of the module's type indices.</summary>
    internal ValueType Canonicalize(ValueType type) => Registry.Canonicalize(type, CanonicalIds);

    /// <summary>A function for messages: its index, and its name where it has one.</summary>
    internal string Describe(uint function) =>
        Module.Names.Function(function) is { } name ? $"function {function} '{Printable(name)}'" : $"function {function}";

    /// <summary>A type for messages: its kind, as its members can be thousands.</summary>
    internal static string Describe(CompositeType type) => type switch
    {
        FunctionType => "a function type",
        StructType => "a structure type",
        _ => "an array type",
    };

    /// <summary>Throws that an index is not one of an index space.</summary>
    [DoesNotReturn]
    internal void FailUnknown(long offset, string what, uint index, int count, uint? function = null) =>
        Fail(offset, $"unknown {what} {index}, {(count == 0 ? "there is none" : $"expected an index below {count}")}", function);

    /// <summary>Throws that the module breaks a rule.</summary>
    /// <param name="offset">Where, in the module.</param>
    /// <param name="what">What was expected and what was found.</param>
    /// <param name="function">The function in whose body it is.</param>
    [DoesNotReturn]
    internal void Fail(long offset, string what, uint? function = null)
    {
        string inside = function is { } index ? $" ({Describe(index)})" : "";
        throw new InvalidModuleException($"invalid module {Module.DisplayName} at 0x{offset:x}: {what}{inside}", offset, function);
    }

    /// <summary>A guest's name on one line of bounded length.</summary>
    internal static string Printable(string name)
    {
        const int longest = 120;
        var text = new StringBuilder();
        foreach (char c in name)
        {
            if (text.Length >= longest)
            {
                text.Append('…');
                break;
            }

            text.Append(char.IsControl(c) || char.IsSurrogate(c) || c is '\u2028' or '\u2029' ? '?' : c);
        }

        return text.ToString();
    }
}
