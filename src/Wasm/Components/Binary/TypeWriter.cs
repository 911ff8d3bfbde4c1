using Chain.Wasm.Binary;

namespace Chain.Wasm.Components.Binary;

/// <summary>Encodes type definitions, the counterpart of <see cref="TypeReader"/>.</summary>
internal static class TypeWriter
{
    public static void Write(WasmWriter writer, TypeExpression type)
    {
        switch (type)
        {
            case PrimitiveExpression primitive:
                writer.WriteByte((byte)primitive.Kind);
                break;
            case RecordExpression record:
                writer.WriteByte(0x72);
                WriteLabelledTypes(writer, record.Fields);
                break;
            case VariantExpression variant:
                writer.WriteByte(0x71);
                writer.WriteUnsigned((ulong)variant.Cases.Length);
                foreach ((string label, ValTypeUse? payload) in variant.Cases)
                {
                    writer.WriteName(label);
                    WriteOptional(writer, payload);
                    writer.WriteByte(0);
                }

                break;
            case ListExpression list:
                writer.WriteByte(list.Length is null ? (byte)0x70 : (byte)0x67);
                writer.WriteSigned(list.Element.Code);
                if (list.Length is { } length) writer.WriteUnsigned(length);
                break;
            case TupleExpression tuple:
                writer.WriteByte(0x6F);
                writer.WriteUnsigned((ulong)tuple.Types.Length);
                foreach (ValTypeUse member in tuple.Types) writer.WriteSigned(member.Code);
                break;
            case FlagsExpression flags:
                WriteLabels(writer, 0x6E, flags.Labels);
                break;
            case EnumExpression labels:
                WriteLabels(writer, 0x6D, labels.Labels);
                break;
            case OptionExpression option:
                writer.WriteByte(0x6B);
                writer.WriteSigned(option.Type.Code);
                break;
            case ResultExpression result:
                writer.WriteByte(0x6A);
                WriteOptional(writer, result.Ok);
                WriteOptional(writer, result.Error);
                break;
            case HandleExpression handle:
                writer.WriteByte(handle.IsOwn ? (byte)0x69 : (byte)0x68);
                writer.WriteUnsigned(handle.Resource);
                break;
            case StreamExpression stream:
                writer.WriteByte(0x66);
                WriteOptional(writer, stream.Element);
                break;
            case FutureExpression future:
                writer.WriteByte(0x65);
                WriteOptional(writer, future.Element);
                break;
            case MapExpression map:
                writer.WriteByte(0x63);
                writer.WriteSigned(map.Key.Code);
                writer.WriteSigned(map.Value.Code);
                break;
            case FuncExpression func:
                writer.WriteByte(func.IsAsync ? (byte)0x43 : (byte)0x40);
                WriteLabelledTypes(writer, func.Parameters);
                WriteResult(writer, func.Result);
                break;
            case ComponentExpression component:
                WriteDeclarations(writer, 0x41, component.Declarations);
                break;
            case InstanceExpression instance:
                WriteDeclarations(writer, 0x42, instance.Declarations);
                break;
            case ResourceExpression resource:
                writer.WriteByte(0x3F);
                writer.WriteValueType(resource.Representation);
                writer.WriteByte(resource.Destructor is null ? (byte)0 : (byte)1);
                if (resource.Destructor is { } destructor) writer.WriteUnsigned(destructor);
                break;
            default:
                throw new InvalidOperationException($"no binary form of {type.GetType().Name}");
        }
    }

    public static void WriteResult(WasmWriter writer, ValTypeUse? result)
    {
        writer.WriteByte(result is null ? (byte)1 : (byte)0);
        if (result is { } type) writer.WriteSigned(type.Code);
        else writer.WriteByte(0);
    }

    private static void WriteDeclarations(WasmWriter writer, byte form, IReadOnlyList<Definition> declarations)
    {
        writer.WriteByte(form);
        writer.WriteUnsigned((ulong)declarations.Count);
        foreach (Definition declaration in declarations)
        {
            writer.WriteByte(declaration switch
            {
                CoreTypeDefinition or CoreModuleTypeDefinition => 0,
                TypeDefinition => 1,
                ExportAlias or CoreExportAlias or OuterAlias => 2,
                ImportDefinition => 3,
                _ => 4,
            });
            DefinitionWriter.Write(writer, declaration);
        }
    }

    private static void WriteLabelledTypes(WasmWriter writer, LabelledType[] types)
    {
        writer.WriteUnsigned((ulong)types.Length);
        foreach (LabelledType type in types)
        {
            writer.WriteName(type.Label);
            writer.WriteSigned(type.Type.Code);
        }
    }

    private static void WriteLabels(WasmWriter writer, byte form, string[] labels)
    {
        writer.WriteByte(form);
        writer.WriteUnsigned((ulong)labels.Length);
        foreach (string label in labels) writer.WriteName(label);
    }

    private static void WriteOptional(WasmWriter writer, ValTypeUse? type)
    {
        writer.WriteByte(type is null ? (byte)0 : (byte)1);
        if (type is { } present) writer.WriteSigned(present.Code);
    }
}
