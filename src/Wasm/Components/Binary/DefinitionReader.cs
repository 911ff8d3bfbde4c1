using Chain.Wasm.Binary;

namespace Chain.Wasm.Components.Binary;

/// <summary>Decodes the definitions that stand in a component's sections and, as declarators, in component and instance types.</summary>
internal static class DefinitionReader
{
    public static Definition Read(ref WasmReader reader, ComponentSectionId id, int depth) => id switch
    {
        ComponentSectionId.CoreInstance => ReadCoreInstance(ref reader),
        ComponentSectionId.CoreType => TypeReader.ReadCoreType(ref reader),
        ComponentSectionId.Instance => ReadInstance(ref reader),
        ComponentSectionId.Alias => ReadAlias(ref reader),
        ComponentSectionId.Type => TypeReader.ReadType(ref reader, depth),
        ComponentSectionId.Canon => ReadCanon(ref reader),
        ComponentSectionId.Import => ReadImport(ref reader),
        ComponentSectionId.Export => ReadExport(ref reader),
        _ => throw new ArgumentOutOfRangeException(nameof(id)),
    };

    public static StartDefinition ReadStart(ref WasmReader reader)
    {
        long at = reader.Offset;
        uint function = reader.ReadUnsigned32();
        var arguments = new uint[reader.ReadCount("arguments", ComponentLimits.Members)];
        for (int i = 0; i < arguments.Length; i++) arguments[i] = reader.ReadUnsigned32();
        return new StartDefinition(function, arguments, reader.ReadUnsigned32(), at);
    }

    public static ImportDefinition ReadImport(ref WasmReader reader)
    {
        long at = reader.Offset;
        ExternName name = ReadExternName(ref reader);
        return new ImportDefinition(name, ReadExternType(ref reader), at);
    }

    public static ExportDeclaration ReadExportDeclaration(ref WasmReader reader)
    {
        long at = reader.Offset;
        ExternName name = ReadExternName(ref reader);
        return new ExportDeclaration(name, ReadExternType(ref reader), at);
    }

    public static Definition ReadAlias(ref WasmReader reader)
    {
        long at = reader.Offset;
        AnySort sort = ReadSort(ref reader);
        long targetAt = reader.Offset;
        byte target = reader.ReadByte();
        switch (target)
        {
            case 0:
                uint instance = reader.ReadUnsigned32();
                return new ExportAlias(sort, instance, reader.ReadName(), at);
            case 1:
                uint coreInstance = reader.ReadUnsigned32();
                return new CoreExportAlias(sort, coreInstance, reader.ReadName(), at);
            case 2:
                bool allowed = sort.Sort is Sort.Type or Sort.Component
                    || (sort.Sort == Sort.Core && sort.Core is CoreSort.Module or CoreSort.Type);
                if (!allowed) reader.Fail(at, $"malformed outer alias of a {sort}; expected a type, component, core module or core type");
                uint count = reader.ReadUnsigned32();
                return new OuterAlias(sort, count, reader.ReadUnsigned32(), at);
            default:
                reader.Fail(targetAt, $"malformed alias target 0x{target:x2}");
                return null;
        }
    }

    private static Definition ReadCoreInstance(ref WasmReader reader)
    {
        long at = reader.Offset;
        byte form = reader.ReadByte();
        if (form == 1)
        {
            var exports = new (string, CoreSort, uint)[reader.ReadCount("exports", ComponentLimits.Members)];
            for (int i = 0; i < exports.Length; i++)
            {
                string name = reader.ReadName();
                CoreSort sort = ReadCoreSort(ref reader);
                exports[i] = (name, sort, reader.ReadUnsigned32());
            }

            return new CoreInlineExports(exports, at);
        }

        if (form != 0) reader.Fail(at, $"malformed core instance 0x{form:x2}");
        uint module = reader.ReadUnsigned32();
        var arguments = new (string, uint)[reader.ReadCount("arguments", ComponentLimits.Members)];
        for (int i = 0; i < arguments.Length; i++)
        {
            string name = reader.ReadName();
            long sortAt = reader.Offset;
            byte sort = reader.ReadByte();
            if (sort != (byte)CoreSort.Instance) reader.Fail(sortAt, $"malformed instantiation argument 0x{sort:x2}; expected a core instance (12)");
            arguments[i] = (name, reader.ReadUnsigned32());
        }

        return new CoreInstantiation(module, arguments, at);
    }

    private static Definition ReadInstance(ref WasmReader reader)
    {
        long at = reader.Offset;
        byte form = reader.ReadByte();
        if (form == 1)
        {
            var exports = new (ExternName, SortIndex)[reader.ReadCount("exports", ComponentLimits.Members)];
            for (int i = 0; i < exports.Length; i++)
            {
                ExternName name = ReadExternName(ref reader);
                exports[i] = (name, ReadSortIndex(ref reader));
            }

            return new InlineExports(exports, at);
        }

        if (form != 0) reader.Fail(at, $"malformed instance 0x{form:x2}");
        uint component = reader.ReadUnsigned32();
        var arguments = new (string, SortIndex)[reader.ReadCount("arguments", ComponentLimits.Members)];
        for (int i = 0; i < arguments.Length; i++)
        {
            string name = reader.ReadName();
            arguments[i] = (name, ReadSortIndex(ref reader));
        }

        return new Instantiation(component, arguments, at);
    }

    private static ExportDefinition ReadExport(ref WasmReader reader)
    {
        long at = reader.Offset;
        ExternName name = ReadExternName(ref reader);
        SortIndex item = ReadSortIndex(ref reader);
        ExternTypeUse? type = reader.ReadFlag("optional type of an export") ? ReadExternType(ref reader) : null;
        return new ExportDefinition(name, item, type, at);
    }

    private static ExternName ReadExternName(ref WasmReader reader)
    {
        long at = reader.Offset;
        byte form = reader.ReadByte();
        if (form > 2) reader.Fail(at, $"malformed name 0x{form:x2}; expected 0, 1 or 2");
        string name = reader.ReadName();
        if (form < 2) return new ExternName(form, name, []);
        var attributes = new NameAttribute[reader.ReadCount("attributes", ComponentLimits.Members)];
        for (int i = 0; i < attributes.Length; i++)
        {
            long kindAt = reader.Offset;
            byte kind = reader.ReadByte();
            if (kind > (byte)NameAttributeKind.ExternalId) reader.Fail(kindAt, $"malformed attribute 0x{kind:x2} of a name");
            attributes[i] = new NameAttribute((NameAttributeKind)kind, reader.ReadName());
        }

        return new ExternName(form, name, attributes);
    }

    private static ExternTypeUse ReadExternType(ref WasmReader reader)
    {
        long at = reader.Offset;
        AnySort sort = ReadSort(ref reader);
        switch (sort.Sort)
        {
            case Sort.Core when sort.Core != CoreSort.Module:
                reader.Fail(at, $"malformed external type {sort}; expected core module");
                return default;
            case Sort.Type:
                long boundAt = reader.Offset;
                byte bound = reader.ReadByte();
                if (bound > 1) reader.Fail(boundAt, $"malformed type bound 0x{bound:x2}");
                return bound == 0 ? new ExternTypeUse(sort, reader.ReadUnsigned32()) : new ExternTypeUse(sort, 0, false);
            case Sort.Value:
                long valueAt = reader.Offset;
                byte form = reader.ReadByte();
                if (form > 1) reader.Fail(valueAt, $"malformed value bound 0x{form:x2}");
                return form == 0
                    ? new ExternTypeUse(sort, reader.ReadUnsigned32())
                    : new ExternTypeUse(sort, 0, false, TypeReader.ReadValType(ref reader));
            default:
                return new ExternTypeUse(sort, reader.ReadUnsigned32());
        }
    }

    private static SortIndex ReadSortIndex(ref WasmReader reader)
    {
        AnySort sort = ReadSort(ref reader);
        return new SortIndex(sort, reader.ReadUnsigned32());
    }

    private static AnySort ReadSort(ref WasmReader reader)
    {
        long at = reader.Offset;
        byte sort = reader.ReadByte();
        if (sort > (byte)Sort.Instance) reader.Fail(at, $"malformed sort 0x{sort:x2}");
        return sort == 0 ? new AnySort(Sort.Core, ReadCoreSort(ref reader)) : new AnySort((Sort)sort);
    }

    private static CoreSort ReadCoreSort(ref WasmReader reader)
    {
        long at = reader.Offset;
        byte sort = reader.ReadByte();
        if (!Enum.IsDefined((CoreSort)sort)) reader.Fail(at, $"malformed core sort 0x{sort:x2}");
        return (CoreSort)sort;
    }

    private static CanonDefinition ReadCanon(ref WasmReader reader)
    {
        long at = reader.Offset;
        var kind = (CanonKind)reader.ReadByte();
        string? layout = CanonLayout.Of(kind);
        if (layout is null) reader.Fail(at, $"malformed canonical definition 0x{(byte)kind:x2}");
        var canon = new CanonDefinition(kind, at);
        foreach (char operand in layout!)
        {
            switch (operand)
            {
                case 'z':
                    long zeroAt = reader.Offset;
                    byte zero = reader.ReadByte();
                    if (zero != 0) reader.Fail(zeroAt, $"malformed sort 0x{zero:x2} of a canonical definition; expected func (0)");
                    break;
                case 'f': canon = canon with { Function = reader.ReadUnsigned32() }; break;
                case 't': canon = canon with { Type = reader.ReadUnsigned32() }; break;
                case 'm': canon = canon with { Target = reader.ReadUnsigned32() }; break;
                case 'b': canon = canon with { Flag = reader.ReadFlag("flag of a canonical definition") }; break;
                case 'r': canon = canon with { Result = TypeReader.ReadResult(ref reader) }; break;
                case 'c': canon = canon with { CoreType = reader.ReadValueType() }; break;
                case 'o': canon = canon with { Options = ReadOptions(ref reader) }; break;
            }
        }

        return canon;
    }

    private static CanonOption[] ReadOptions(ref WasmReader reader)
    {
        var options = new CanonOption[reader.ReadCount("options", ComponentLimits.Members)];
        for (int i = 0; i < options.Length; i++)
        {
            long at = reader.Offset;
            byte kind = reader.ReadByte();
            if (kind > (byte)CanonOptionKind.Callback) reader.Fail(at, $"malformed canonical option 0x{kind:x2}");
            var option = new CanonOption((CanonOptionKind)kind, 0);
            options[i] = option.HasIndex ? option with { Index = reader.ReadUnsigned32() } : option;
        }

        return options;
    }
}
