using System.Globalization;
using System.Text;
using Chain.Wasm.Binary;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Text;

/// <summary>Types in the text format, with the module's identifiers.</summary>
internal sealed class TypeText(Module module, Identifiers identifiers)
{
    public StringBuilder Append(StringBuilder text, ValueType type)
    {
        if (type is not { IsRef: true, Heap.IsConcrete: true }) return text.Append(type);
        text.Append(type.IsNullable ? "(ref null " : "(ref ");
        return Append(text, type.Heap).Append(')');
    }

    /// <summary>A reference type always in the long form <c>(ref null ht)</c>, as casts want it.</summary>
    public StringBuilder AppendLongReference(StringBuilder text, ValueType type)
    {
        text.Append(type.IsNullable ? "(ref null " : "(ref ");
        return Append(text, type.Heap).Append(')');
    }

    public StringBuilder Append(StringBuilder text, HeapType heap) =>
        heap.IsConcrete ? text.Append(Identifiers.Use(identifiers.Types, heap.Index)) : text.Append(heap);

    /// <summary><c> (type 3) (param i32) (result i32)</c>: a use of a function type, spelled out where the index is one.</summary>
    public StringBuilder AppendTypeUse(StringBuilder text, uint index, Dictionary<uint, string>? parameterNames = null)
    {
        text.Append(" (type ").Append(Identifiers.Use(identifiers.Types, index)).Append(')');
        return FunctionType(index) is { } type ? AppendSignature(text, type, parameterNames) : text;
    }

    /// <summary>The function type at an index, or <see langword="null"/> where the (invalid) module has something else or nothing there.</summary>
    public FunctionType? FunctionType(uint index) =>
        index < (uint)module.Types.Length ? module.Types[index].Composite as FunctionType : null;

    public StringBuilder AppendSignature(StringBuilder text, FunctionType type, Dictionary<uint, string>? parameterNames = null)
    {
        AppendParameters(text, type.Parameters, parameterNames);
        return AppendList(text, "result", type.Results);
    }

    /// <summary><c> (result i32 i64)</c>, or nothing for no types.</summary>
    public StringBuilder AppendList(StringBuilder text, string keyword, ReadOnlySpan<ValueType> types)
    {
        if (types.IsEmpty) return text;
        text.Append(" (").Append(keyword);
        foreach (ValueType type in types) Append(text.Append(' '), type);
        return text.Append(')');
    }

    public StringBuilder Append(StringBuilder text, Limits limits)
    {
        if (limits.Is64) text.Append("i64 ");
        text.Append(CultureInfo.InvariantCulture, $"{limits.Minimum}");
        if (limits.Maximum is { } maximum) text.Append(CultureInfo.InvariantCulture, $" {maximum}");
        return limits.IsShared ? text.Append(" shared") : text;
    }

    public StringBuilder Append(StringBuilder text, TableType type) => Append(Append(text, type.Limits).Append(' '), type.Element);

    public StringBuilder Append(StringBuilder text, GlobalType type) =>
        type.Mutable ? Append(text.Append("(mut "), type.Value).Append(')') : Append(text, type.Value);

    /// <summary>A type definition without the enclosing <c>(type …)</c>.</summary>
    public StringBuilder Append(StringBuilder text, SubType type, uint index)
    {
        if (type.IsAbbreviated) return AppendComposite(text, type.Composite, index);
        text.Append(type.Final ? "(sub final " : "(sub ");
        foreach (uint supertype in type.Supertypes) text.Append(Identifiers.Use(identifiers.Types, supertype)).Append(' ');
        return AppendComposite(text, type.Composite, index).Append(')');
    }

    private StringBuilder AppendComposite(StringBuilder text, CompositeType type, uint index)
    {
        switch (type)
        {
            case FunctionType function:
                return AppendSignature(text.Append("(func"), function).Append(')');
            case ArrayType array:
                return AppendStorage(text.Append("(array "), array.Element).Append(')');
            case StructType structure:
                text.Append("(struct");
                Dictionary<uint, string> names = identifiers.Fields(index);
                for (uint i = 0; i < structure.Fields.Length; i++)
                {
                    text.Append(" (field ");
                    if (names.TryGetValue(i, out string? name)) text.Append(name).Append(' ');
                    AppendStorage(text, structure.Fields[i]).Append(')');
                }

                return text.Append(')');
            default:
                throw new InvalidOperationException($"no text for {type.GetType().Name}");
        }
    }

    private StringBuilder AppendStorage(StringBuilder text, FieldType field) =>
        field.Mutable ? Append(text.Append("(mut "), field.Storage).Append(')') : Append(text, field.Storage);

    private void AppendParameters(StringBuilder text, ValueType[] parameters, Dictionary<uint, string>? names)
    {
        if (names is not { Count: > 0 })
        {
            AppendList(text, "param", parameters);
            return;
        }

        for (int i = 0; i < parameters.Length;)
        {
            if (names.TryGetValue((uint)i, out string? name))
            {
                Append(text.Append(" (param ").Append(name).Append(' '), parameters[i++]).Append(')');
                continue;
            }

            int start = i;
            while (i < parameters.Length && !names.ContainsKey((uint)i)) i++;
            AppendList(text, "param", parameters.AsSpan(start, i - start));
        }
    }
}
