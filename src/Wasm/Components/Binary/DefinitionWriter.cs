using Chain.Wasm.Binary;

namespace Chain.Wasm.Components.Binary;

/// <summary>Encodes definitions and declarators, the counterpart of <see cref="DefinitionReader"/> and <see cref="TypeReader"/>.</summary>
internal static class DefinitionWriter
{
    public static void Write(WasmWriter writer, Definition definition)
    {
        switch (definition)
        {
            case CoreInstantiation instance:
                writer.WriteByte(0);
                writer.WriteUnsigned(instance.Module);
                writer.WriteUnsigned((ulong)instance.Arguments.Length);
                foreach ((string name, uint argument) in instance.Arguments)
                {
                    writer.WriteName(name);
                    writer.WriteByte((byte)CoreSort.Instance);
                    writer.WriteUnsigned(argument);
                }

                break;
            case CoreInlineExports instance:
                writer.WriteByte(1);
                writer.WriteUnsigned((ulong)instance.Exports.Length);
                foreach ((string name, CoreSort sort, uint index) in instance.Exports)
                {
                    writer.WriteName(name);
                    writer.WriteByte((byte)sort);
                    writer.WriteUnsigned(index);
                }

                break;
            case Instantiation instance:
                writer.WriteByte(0);
                writer.WriteUnsigned(instance.Component);
                writer.WriteUnsigned((ulong)instance.Arguments.Length);
                foreach ((string name, SortIndex item) in instance.Arguments)
                {
                    writer.WriteName(name);
                    WriteSortIndex(writer, item);
                }

                break;
            case InlineExports instance:
                writer.WriteByte(1);
                writer.WriteUnsigned((ulong)instance.Exports.Length);
                foreach ((ExternName name, SortIndex item) in instance.Exports)
                {
                    WriteExternName(writer, name);
                    WriteSortIndex(writer, item);
                }

                break;
            case ExportAlias alias:
                WriteAlias(writer, alias.Sort, 0, alias.Instance, alias.Name);
                break;
            case CoreExportAlias alias:
                WriteAlias(writer, alias.Sort, 1, alias.Instance, alias.Name);
                break;
            case OuterAlias alias:
                WriteSort(writer, alias.Sort);
                writer.WriteByte(2);
                writer.WriteUnsigned(alias.Count);
                writer.WriteUnsigned(alias.Index);
                break;
            case CoreTypeDefinition type:
                if (type.IsPrefixed) writer.WriteByte(0);
                ModuleWriter.WriteGroup(writer, type.Group);
                break;
            case CoreModuleTypeDefinition type:
                WriteModuleType(writer, type);
                break;
            case TypeDefinition type:
                TypeWriter.Write(writer, type.Type);
                break;
            case CanonDefinition canon:
                WriteCanon(writer, canon);
                break;
            case ImportDefinition import:
                WriteExternName(writer, import.Name);
                WriteExternType(writer, import.Type);
                break;
            case ExportDeclaration export:
                WriteExternName(writer, export.Name);
                WriteExternType(writer, export.Type);
                break;
            case ExportDefinition export:
                WriteExternName(writer, export.Name);
                WriteSortIndex(writer, export.Item);
                writer.WriteByte(export.Type is null ? (byte)0 : (byte)1);
                if (export.Type is { } ascribed) WriteExternType(writer, ascribed);
                break;
            default:
                throw new InvalidOperationException($"{definition.GetType().Name} stands in no vector");
        }
    }

    private static void WriteAlias(WasmWriter writer, AnySort sort, byte target, uint instance, string name)
    {
        WriteSort(writer, sort);
        writer.WriteByte(target);
        writer.WriteUnsigned(instance);
        writer.WriteName(name);
    }

    private static void WriteModuleType(WasmWriter writer, CoreModuleTypeDefinition type)
    {
        writer.WriteByte(0x50);
        writer.WriteUnsigned((ulong)type.Declarations.Count);
        foreach (Definition declaration in type.Declarations)
        {
            switch (declaration)
            {
                case CoreImportDeclaration import:
                    writer.WriteByte(0);
                    ModuleWriter.WriteImport(writer, import.Import);
                    break;
                case CoreTypeDefinition core:
                    writer.WriteByte(1);
                    ModuleWriter.WriteGroup(writer, core.Group);
                    break;
                case OuterAlias alias:
                    writer.WriteByte(2);
                    writer.WriteByte((byte)CoreSort.Type);
                    writer.WriteByte(1);
                    writer.WriteUnsigned(alias.Count);
                    writer.WriteUnsigned(alias.Index);
                    break;
                case CoreExportDeclaration export:
                    writer.WriteByte(3);
                    writer.WriteName(export.Export.Name);
                    ModuleWriter.WriteExternType(writer, export.Export);
                    break;
            }
        }
    }

    private static void WriteCanon(WasmWriter writer, CanonDefinition canon)
    {
        writer.WriteByte((byte)canon.Kind);
        foreach (char operand in CanonLayout.Of(canon.Kind)!)
        {
            switch (operand)
            {
                case 'z': writer.WriteByte(0); break;
                case 'f': writer.WriteUnsigned(canon.Function); break;
                case 't': writer.WriteUnsigned(canon.Type); break;
                case 'm': writer.WriteUnsigned(canon.Target); break;
                case 'b': writer.WriteByte(canon.Flag ? (byte)1 : (byte)0); break;
                case 'r': TypeWriter.WriteResult(writer, canon.Result); break;
                case 'c': writer.WriteValueType(canon.CoreType); break;
                case 'o':
                    writer.WriteUnsigned((ulong)canon.Options.Length);
                    foreach (CanonOption option in canon.Options)
                    {
                        writer.WriteByte((byte)option.Kind);
                        if (option.HasIndex) writer.WriteUnsigned(option.Index);
                    }

                    break;
            }
        }
    }

    private static void WriteExternName(WasmWriter writer, ExternName name)
    {
        writer.WriteByte(name.Form);
        writer.WriteName(name.Name);
        if (name.Form < 2) return;
        writer.WriteUnsigned((ulong)name.Attributes.Count);
        foreach (NameAttribute attribute in name.Attributes)
        {
            writer.WriteByte((byte)attribute.Kind);
            writer.WriteName(attribute.Value);
        }
    }

    private static void WriteExternType(WasmWriter writer, ExternTypeUse type)
    {
        WriteSort(writer, type.Sort);
        switch (type.Sort.Sort)
        {
            case Sort.Type:
                writer.WriteByte(type.IsBoundedByIndex ? (byte)0 : (byte)1);
                if (type.IsBoundedByIndex) writer.WriteUnsigned(type.Index);
                break;
            case Sort.Value when !type.IsBoundedByIndex:
                writer.WriteByte(1);
                writer.WriteSigned(type.Value.Code);
                break;
            case Sort.Value:
                writer.WriteByte(0);
                writer.WriteUnsigned(type.Index);
                break;
            default:
                writer.WriteUnsigned(type.Index);
                break;
        }
    }

    private static void WriteSortIndex(WasmWriter writer, SortIndex item)
    {
        WriteSort(writer, item.Sort);
        writer.WriteUnsigned(item.Index);
    }

    private static void WriteSort(WasmWriter writer, AnySort sort)
    {
        writer.WriteByte((byte)sort.Sort);
        if (sort.Sort == Sort.Core) writer.WriteByte((byte)sort.Core);
    }
}
