using Chain.Wasm.Binary;
using Chain.Wasm.Components.Types;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Components.Binary;

/// <summary>Decodes the types of a component and the core types in it.</summary>
internal static class TypeReader
{
    public static TypeDefinition ReadType(ref WasmReader reader, int depth)
    {
        long at = reader.Offset;
        return new TypeDefinition(ReadExpression(ref reader, depth), at);
    }

    public static ValTypeUse ReadValType(ref WasmReader reader)
    {
        long at = reader.Offset;
        long code = reader.ReadSigned33();
        if (code < 0 && !(code >= -0x40 && Enum.IsDefined((PrimitiveKind)(code + 0x80)))) reader.Fail(at, $"malformed value type {code}");
        return ValTypeUse.FromCode(code);
    }

    public static ValTypeUse? ReadResult(ref WasmReader reader)
    {
        long at = reader.Offset;
        byte form = reader.ReadByte();
        if (form == 0) return ReadValType(ref reader);
        if (form != 1) reader.Fail(at, $"malformed result list 0x{form:x2}");
        byte count = reader.ReadByte();
        if (count != 0) reader.Fail(at + 1, $"malformed number of results {count}; expected 0");
        return null;
    }

    public static Definition ReadCoreType(ref WasmReader reader)
    {
        long at = reader.Offset;
        byte first = reader.PeekByte();
        if (first == 0x50)
        {
            reader.Position++;
            return ReadModuleType(ref reader, at);
        }

        if (first != 0) return new CoreTypeDefinition(ReadGroup(ref reader), false, at);
        reader.Position++;
        if (reader.PeekByte() != 0x50) reader.Fail("malformed core type; expected sub (50) after 0");
        return new CoreTypeDefinition(ReadGroup(ref reader), true, at);
    }

    private static RecursiveGroup ReadGroup(ref WasmReader reader)
    {
        bool isExplicit = reader.PeekByte() == 0x4E;
        int members = 1;
        if (isExplicit)
        {
            reader.Position++;
            members = reader.ReadCount("types", ModuleLimits.Types);
        }

        var types = new SubType[members];
        for (int i = 0; i < members; i++) types[i] = ModuleReader.Pass.ReadSubType(ref reader);
        return new RecursiveGroup(0, types, !isExplicit);
    }

    private static CoreModuleTypeDefinition ReadModuleType(ref WasmReader reader, long at)
    {
        var declarations = new Definition[reader.ReadCount("declarators", ComponentLimits.Definitions)];
        for (int i = 0; i < declarations.Length; i++)
        {
            long here = reader.Offset;
            byte form = reader.ReadByte();
            switch (form)
            {
                case 0:
                    string module = reader.ReadName();
                    declarations[i] = new CoreImportDeclaration(ReadCoreExtern(ref reader, module, reader.ReadName()), here);
                    break;
                case 1:
                    // 0x50 is `sub` here: a module type cannot stand in a module type.
                    declarations[i] = new CoreTypeDefinition(ReadGroup(ref reader), false, here);
                    break;
                case 2:
                    declarations[i] = ReadCoreAlias(ref reader);
                    break;
                case 3:
                    declarations[i] = new CoreExportDeclaration(ReadCoreExtern(ref reader, "", reader.ReadName()), here);
                    break;
                default:
                    reader.Fail(here, $"malformed declarator 0x{form:x2} of a core module type");
                    break;
            }
        }

        return new CoreModuleTypeDefinition(declarations, at);
    }

    private static OuterAlias ReadCoreAlias(ref WasmReader reader)
    {
        long at = reader.Offset;
        byte sort = reader.ReadByte();
        if (sort != (byte)CoreSort.Type) reader.Fail(at, $"malformed sort 0x{sort:x2} of an alias in a core module type; expected type (10)");
        byte target = reader.ReadByte();
        if (target != 1) reader.Fail(at + 1, $"malformed target 0x{target:x2} of an alias in a core module type; expected outer (1)");
        uint count = reader.ReadUnsigned32();
        return new OuterAlias(new AnySort(Sort.Core, CoreSort.Type), count, reader.ReadUnsigned32(), at);
    }

    private static Import ReadCoreExtern(ref WasmReader reader, string module, string name)
    {
        long at = reader.Offset;
        byte kind = reader.ReadByte();
        var import = new Import(module, name, (ExternalKind)kind, 0, default, default, default, at);
        switch (kind)
        {
            case 0: return import with { TypeIndex = reader.ReadUnsigned32() };
            case 1: return import with { Table = ModuleReader.Pass.ReadTableType(ref reader) };
            case 2: return import with { Memory = new MemoryType(ModuleReader.Pass.ReadLimits(ref reader)) };
            case 3: return import with { Global = ModuleReader.Pass.ReadGlobalType(ref reader) };
            case 4: return import with { TypeIndex = ModuleReader.Pass.ReadTagType(ref reader) };
            default:
                reader.Fail(at, $"malformed external kind 0x{kind:x2}");
                return import;
        }
    }

    private static TypeExpression ReadExpression(ref WasmReader reader, int depth)
    {
        long at = reader.Offset;
        byte form = reader.ReadByte();
        switch (form)
        {
            case 0x72: return new RecordExpression(ReadLabelledTypes(ref reader, "fields", ComponentLimits.Members));
            case 0x71: return new VariantExpression(ReadCases(ref reader));
            case 0x70: return new ListExpression(ReadValType(ref reader), null);
            case 0x67:
                ValTypeUse element = ReadValType(ref reader);
                return new ListExpression(element, reader.ReadUnsigned32());
            case 0x6F:
                var types = new ValTypeUse[reader.ReadCount("types", ComponentLimits.Members)];
                for (int i = 0; i < types.Length; i++) types[i] = ReadValType(ref reader);
                return new TupleExpression(types);
            case 0x6E: return new FlagsExpression(ReadLabels(ref reader));
            case 0x6D: return new EnumExpression(ReadLabels(ref reader));
            case 0x6B: return new OptionExpression(ReadValType(ref reader));
            case 0x6A:
                ValTypeUse? ok = ReadOptional(ref reader);
                return new ResultExpression(ok, ReadOptional(ref reader));
            case 0x69: return new HandleExpression(true, reader.ReadUnsigned32());
            case 0x68: return new HandleExpression(false, reader.ReadUnsigned32());
            case 0x66: return new StreamExpression(ReadOptional(ref reader));
            case 0x65: return new FutureExpression(ReadOptional(ref reader));
            case 0x63:
                ValTypeUse key = ReadValType(ref reader);
                return new MapExpression(key, ReadValType(ref reader));
            case 0x40 or 0x43:
                LabelledType[] parameters = ReadLabelledTypes(ref reader, "parameters", ComponentLimits.Parameters);
                return new FuncExpression(form == 0x43, parameters, ReadResult(ref reader));
            case 0x41: return new ComponentExpression(ReadDeclarations(ref reader, true, depth));
            case 0x42: return new InstanceExpression(ReadDeclarations(ref reader, false, depth));
            case 0x3F:
                ValueType representation = reader.ReadValueType();
                return new ResourceExpression(representation, reader.ReadFlag("optional destructor") ? reader.ReadUnsigned32() : null);
            default:
                if (!Enum.IsDefined((PrimitiveKind)form)) reader.Fail(at, $"malformed type 0x{form:x2}");
                return new PrimitiveExpression((PrimitiveKind)form);
        }
    }

    private static Definition[] ReadDeclarations(ref WasmReader reader, bool inComponent, int depth)
    {
        if (depth >= ComponentLimits.Nesting)
            reader.Fail($"too many types inside one another, expected at most {ComponentLimits.Nesting}");
        var declarations = new Definition[reader.ReadCount("declarators", ComponentLimits.Definitions)];
        for (int i = 0; i < declarations.Length; i++)
        {
            long at = reader.Offset;
            byte form = reader.ReadByte();
            switch (form)
            {
                case 0: declarations[i] = ReadCoreType(ref reader); break;
                case 1: declarations[i] = ReadType(ref reader, depth + 1); break;
                case 2: declarations[i] = DefinitionReader.ReadAlias(ref reader); break;
                case 3 when inComponent: declarations[i] = DefinitionReader.ReadImport(ref reader); break;
                case 4: declarations[i] = DefinitionReader.ReadExportDeclaration(ref reader); break;
                default: reader.Fail(at, $"malformed declarator 0x{form:x2}"); break;
            }
        }

        return declarations;
    }

    private static LabelledType[] ReadLabelledTypes(ref WasmReader reader, string what, int limit)
    {
        var types = new LabelledType[reader.ReadCount(what, limit)];
        for (int i = 0; i < types.Length; i++)
        {
            string label = reader.ReadName();
            types[i] = new LabelledType(label, ReadValType(ref reader));
        }

        return types;
    }

    private static (string, ValTypeUse?)[] ReadCases(ref WasmReader reader)
    {
        var cases = new (string, ValTypeUse?)[reader.ReadCount("cases", ComponentLimits.Members)];
        for (int i = 0; i < cases.Length; i++)
        {
            string label = reader.ReadName();
            ValTypeUse? type = ReadOptional(ref reader);
            long at = reader.Offset;
            byte zero = reader.ReadByte();
            if (zero != 0) reader.Fail(at, $"malformed case 0x{zero:x2}; expected 0");
            cases[i] = (label, type);
        }

        return cases;
    }

    private static string[] ReadLabels(ref WasmReader reader)
    {
        var labels = new string[reader.ReadCount("labels", ComponentLimits.Members)];
        for (int i = 0; i < labels.Length; i++) labels[i] = reader.ReadName();
        return labels;
    }

    private static ValTypeUse? ReadOptional(ref WasmReader reader) =>
        reader.ReadFlag("optional type") ? ReadValType(ref reader) : null;
}
