using System.Buffers.Binary;

namespace Chain.Wasm.Binary;

/// <summary>
/// Decodes a module (core specification, "Binary Format / Modules"). Bodies, data and custom sections stay slices of the input.
/// </summary>
public static class ModuleReader
{
    private const uint Magic = 0x6D736100;
    private const uint Version = 1;

    // A component has the same magic; its version field holds the layer.
    private const uint ComponentVersion = 0x0001000D;

    /// <summary>Decodes a module.</summary>
    /// <param name="bytes">The module; must not change while the result is in use.</param>
    /// <param name="displayName">What messages call it.</param>
    /// <exception cref="MalformedModuleException">The bytes are not a module; the message says where and why.</exception>
    /// <exception cref="InvalidModuleException">The module declares more of something than <see cref="ModuleLimits"/> allows.</exception>
    public static Module Read(ReadOnlyMemory<byte> bytes, string displayName = "(module)")
    {
        var module = new Module { DisplayName = displayName, Bytes = bytes };
        new Pass(module).Run();
        return module;
    }

    /// <summary>Whether the bytes begin as a component rather than a module.</summary>
    public static bool IsComponent(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= 8 && BinaryPrimitives.ReadUInt32LittleEndian(bytes) == Magic
        && BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]) == ComponentVersion;

    internal sealed class Pass(Module module)
    {
        private readonly InstructionReader.Immediates immediates = new();
        private readonly List<Section> sections = [];
        private readonly List<CustomSection> customSections = [];
        private int lastRank;

        public void Run()
        {
            ReadOnlyMemory<byte> bytes = module.Bytes;
            var reader = new WasmReader(bytes.Span, 0, module.DisplayName);
            ReadHeader(ref reader);
            while (!reader.AtEnd)
            {
                long at = reader.Offset;
                byte id = reader.ReadByte();
                int sizeAt = reader.Position;
                uint size = reader.ReadUnsigned32();
                int sizeWidth = reader.Position - sizeAt;
                if (id > (byte)SectionId.Tag) reader.Fail(at, $"malformed section id {id}");
                if (size > (uint)reader.Remaining)
                    reader.Fail(at, $"unexpected end: section of {size} bytes declared, {reader.Remaining} left");
                CheckOrder((SectionId)id, at);
                ReadSection((SectionId)id, reader.Position, (int)size, (byte)sizeWidth);
                reader.Position += (int)size;
            }

            module.Sections = sections;
            module.CustomSections = [.. customSections];
            if (module.Functions.Length != module.Bodies.Length)
            {
                reader.Fail(
                    $"function and code section have inconsistent lengths: {module.Functions.Length} functions declared, {module.Bodies.Length} bodies");
            }

            if (module.DataCount is { } declared && declared != module.Data.Length)
                reader.Fail($"data count and data section have inconsistent lengths: {declared} declared, {module.Data.Length} found");
        }

        private static void ReadHeader(ref WasmReader reader)
        {
            if (reader.Remaining < 4 || reader.ReadFixed32() != Magic)
                reader.Fail(0, "magic header not detected: expected the bytes 00 61 73 6d");
            if (reader.Remaining < 4) reader.Fail(4, "unexpected end in the version");
            uint version = reader.ReadFixed32();
            if (version == ComponentVersion) reader.Fail(4, "this is a component; expected a core module (version 1)");
            if (version != Version) reader.Fail(4, $"unknown binary version {version}; expected 1");
        }

        private void CheckOrder(SectionId id, long at)
        {
            if (id == SectionId.Custom) return;
            int rank = id switch
            {
                SectionId.Tag => 55, // between memory and global
                SectionId.DataCount => 95, // between element and code
                _ => (int)id * 10,
            };
            if (rank <= lastRank)
                new WasmReader(default, at, module.DisplayName).Fail($"unexpected {id} section: out of order or repeated");
            lastRank = rank;
        }

        private void ReadSection(SectionId id, int start, int size, byte sizeWidth)
        {
            var encoding = new SectionEncoding { SizeWidth = sizeWidth };
            var reader = new WasmReader(module.Bytes.Span.Slice(start, size), start, module.DisplayName, encoding);
            CustomSection? custom = null;
            switch (id)
            {
                case SectionId.Custom:
                    string name = reader.ReadName();
                    custom = new CustomSection(name, module.Bytes.Slice(start + reader.Position, reader.Remaining), reader.Offset);
                    customSections.Add(custom);
                    reader.Position = size;
                    break;
                case SectionId.Type: ReadTypes(ref reader); break;
                case SectionId.Import: ReadImports(ref reader); break;
                case SectionId.Function: module.Functions = ReadFunctions(ref reader); break;
                case SectionId.Table: ReadTables(ref reader); break;
                case SectionId.Memory: ReadMemories(ref reader); break;
                case SectionId.Tag: ReadTags(ref reader); break;
                case SectionId.Global: ReadGlobals(ref reader); break;
                case SectionId.Export: ReadExports(ref reader); break;
                case SectionId.Start: module.Start = reader.ReadUnsigned32(); break;
                case SectionId.Element: ReadElements(ref reader); break;
                case SectionId.DataCount: module.DataCount = reader.ReadUnsigned32(); break;
                case SectionId.Code: ReadBodies(ref reader); break;
                case SectionId.Data: ReadData(ref reader); break;
            }

            if (!reader.AtEnd) reader.Fail($"section size mismatch: {reader.Remaining} bytes left in the {id} section");
            sections.Add(new Section(id, start, size, encoding, custom));
        }

        private void ReadTypes(ref WasmReader reader)
        {
            int count = reader.ReadCount("recursive groups of types", ModuleLimits.RecursiveGroups);
            var groups = new RecursiveGroup[count];
            var types = new List<SubType>(count);
            for (int i = 0; i < count; i++)
            {
                bool explicitGroup = reader.PeekByte() == 0x4E;
                int members = 1;
                if (explicitGroup)
                {
                    reader.Position++;
                    members = reader.ReadCount("types", ModuleLimits.Types);
                }

                reader.CheckLimit(reader.Offset, "types", (uint)(types.Count + members), ModuleLimits.Types);

                var group = new SubType[members];
                for (int j = 0; j < members; j++) group[j] = ReadSubType(ref reader);
                groups[i] = new RecursiveGroup((uint)types.Count, group, !explicitGroup);
                types.AddRange(group);
            }

            module.TypeGroups = groups;
            module.Types = [.. types];
        }

        internal static SubType ReadSubType(ref WasmReader reader)
        {
            long at = reader.Offset;
            byte form = reader.PeekByte();
            if (form is not (0x50 or 0x4F)) return new SubType(true, [], ReadCompositeType(ref reader), true, at);
            reader.Position++;
            var supertypes = new uint[reader.ReadCount("supertypes")];
            for (int i = 0; i < supertypes.Length; i++) supertypes[i] = reader.ReadUnsigned32();
            return new SubType(form == 0x4F, supertypes, ReadCompositeType(ref reader), false, at);
        }

        private static CompositeType ReadCompositeType(ref WasmReader reader)
        {
            long at = reader.Offset;
            byte form = reader.ReadByte();
            switch (form)
            {
                case 0x60:
                    ValueType[] parameters = ReadValueTypes(ref reader, "parameters", ModuleLimits.Parameters);
                    return new FunctionType(parameters, ReadValueTypes(ref reader, "results", ModuleLimits.Results));
                case 0x5F:
                    var fields = new FieldType[reader.ReadCount("fields", ModuleLimits.StructFields)];
                    for (int i = 0; i < fields.Length; i++) fields[i] = ReadFieldType(ref reader);
                    return new StructType(fields);
                case 0x5E:
                    return new ArrayType(ReadFieldType(ref reader));
                default:
                    reader.Fail(at, $"malformed type definition 0x{form:x2}; expected func (60), struct (5f) or array (5e)");
                    return null;
            }
        }

        private static ValueType[] ReadValueTypes(ref WasmReader reader, string what, int limit)
        {
            var types = new ValueType[reader.ReadCount(what, limit)];
            for (int i = 0; i < types.Length; i++) types[i] = reader.ReadValueType();
            return types;
        }

        private static FieldType ReadFieldType(ref WasmReader reader)
        {
            ValueType storage;
            if (reader.PeekByte() is 0x78 or 0x77) storage = reader.ReadByte() == 0x78 ? ValueType.I8 : ValueType.I16;
            else storage = reader.ReadValueType();
            return new FieldType(storage, reader.ReadFlag("mutability"));
        }

        private void ReadImports(ref WasmReader reader)
        {
            var imports = new Import[reader.ReadCount("imports", ModuleLimits.Imports)];
            for (int i = 0; i < imports.Length; i++)
            {
                long at = reader.Offset;
                string first = reader.ReadName();
                string second = reader.ReadName();
                long kindAt = reader.Offset;
                byte kind = reader.ReadByte();
                var import = new Import(first, second, (ExternalKind)kind, 0, default, default, default, at);
                switch (kind)
                {
                    case 0: import = import with { TypeIndex = reader.ReadUnsigned32() }; break;
                    case 1: import = import with { Table = ReadTableType(ref reader) }; break;
                    case 2: import = import with { Memory = new MemoryType(ReadLimits(ref reader)) }; break;
                    case 3: import = import with { Global = ReadGlobalType(ref reader) }; break;
                    case 4: import = import with { TypeIndex = ReadTagType(ref reader) }; break;
                    default: reader.Fail(kindAt, $"malformed import kind 0x{kind:x2}"); break;
                }

                imports[i] = import;
            }

            module.Imports = imports;
            module.CountImports();
        }

        private static TypeUse[] ReadFunctions(ref WasmReader reader)
        {
            var uses = new TypeUse[reader.ReadCount("functions", ModuleLimits.Functions)];
            for (int i = 0; i < uses.Length; i++)
            {
                long at = reader.Offset;
                uses[i] = new TypeUse(reader.ReadUnsigned32(), at);
            }

            return uses;
        }

        private void ReadTags(ref WasmReader reader)
        {
            var tags = new TypeUse[reader.ReadCount("tags", ModuleLimits.Tags)];
            for (int i = 0; i < tags.Length; i++)
            {
                long at = reader.Offset;
                tags[i] = new TypeUse(ReadTagType(ref reader), at);
            }

            module.Tags = tags;
        }

        internal static uint ReadTagType(ref WasmReader reader)
        {
            if (reader.ReadByte() != 0) reader.Fail(reader.Offset - 1, "malformed tag attribute; expected 0");
            return reader.ReadUnsigned32();
        }

        private void ReadTables(ref WasmReader reader)
        {
            var tables = new Table[reader.ReadCount("tables", ModuleLimits.Tables)];
            for (int i = 0; i < tables.Length; i++)
            {
                long at = reader.Offset;
                if (reader.PeekByte() != 0x40)
                {
                    tables[i] = new Table(ReadTableType(ref reader), null, at);
                    continue;
                }

                reader.Position++;
                if (reader.ReadByte() != 0) reader.Fail(reader.Offset - 1, "malformed table; expected 0 after 0x40");
                TableType type = ReadTableType(ref reader);
                tables[i] = new Table(type, ReadExpression(ref reader), at);
            }

            module.Tables = tables;
        }

        private void ReadMemories(ref WasmReader reader)
        {
            var memories = new Memory[reader.ReadCount("memories", ModuleLimits.Memories)];
            for (int i = 0; i < memories.Length; i++)
            {
                long at = reader.Offset;
                memories[i] = new Memory(new MemoryType(ReadLimits(ref reader)), at);
            }

            module.Memories = memories;
        }

        internal static TableType ReadTableType(ref WasmReader reader)
        {
            ValueType element = reader.ReadReferenceType();
            return new TableType(element, ReadLimits(ref reader));
        }

        internal static GlobalType ReadGlobalType(ref WasmReader reader)
        {
            ValueType value = reader.ReadValueType();
            return new GlobalType(value, reader.ReadFlag("mutability"));
        }

        internal static Limits ReadLimits(ref WasmReader reader)
        {
            long at = reader.Offset;
            byte flags = reader.ReadByte();
            if (flags > 7) reader.Fail(at, $"malformed limits flags 0x{flags:x2}");
            bool is64 = (flags & 4) != 0;
            ulong minimum = reader.ReadUnsigned64();
            ulong? maximum = (flags & 1) == 0 ? null : reader.ReadUnsigned64();
            return new Limits(minimum, maximum, is64, (flags & 2) != 0);
        }

        private void ReadGlobals(ref WasmReader reader)
        {
            var globals = new Global[reader.ReadCount("globals", ModuleLimits.Globals)];
            for (int i = 0; i < globals.Length; i++)
            {
                long at = reader.Offset;
                GlobalType type = ReadGlobalType(ref reader);
                globals[i] = new Global(type, ReadExpression(ref reader), at);
            }

            module.Globals = globals;
        }

        private void ReadExports(ref WasmReader reader)
        {
            var exports = new Export[reader.ReadCount("exports", ModuleLimits.Exports)];
            for (int i = 0; i < exports.Length; i++)
            {
                long at = reader.Offset;
                string name = reader.ReadName();
                byte kind = reader.ReadByte();
                if (kind > 4) reader.Fail(reader.Offset - 1, $"malformed export kind 0x{kind:x2}");
                exports[i] = new Export(name, (ExternalKind)kind, reader.ReadUnsigned32(), at);
            }

            module.Exports = exports;
        }

        private void ReadElements(ref WasmReader reader)
        {
            var elements = new ElementSegment[reader.ReadCount("element segments", ModuleLimits.ElementSegments)];
            for (int i = 0; i < elements.Length; i++) elements[i] = ReadElement(ref reader);
            module.Elements = elements;
        }

        private ElementSegment ReadElement(ref WasmReader reader)
        {
            long at = reader.Offset;
            uint flags = reader.ReadUnsigned32();
            if (flags > 7) reader.Fail(at, $"malformed elements segment kind {flags}");
            bool active = (flags & 1) == 0;
            bool explicitTable = active && (flags & 2) != 0;
            bool expressions = (flags & 4) != 0;
            uint table = explicitTable ? reader.ReadUnsigned32() : 0;
            Expression? offset = active ? ReadExpression(ref reader) : null;
            // The two short active forms leave the type out; it is that of a function reference.
            ValueType type = expressions ? ValueType.FuncRef : ValueType.FuncRef.AsNonNull();
            if ((flags & 3) != 0)
            {
                if (expressions) type = reader.ReadReferenceType();
                else if (reader.ReadByte() != 0) reader.Fail(reader.Offset - 1, "malformed element kind; expected 0");
            }

            int count = reader.ReadCount("elements", ModuleLimits.Elements);
            if (expressions)
            {
                var items = new Expression[count];
                for (int i = 0; i < count; i++) items[i] = ReadExpression(ref reader);
                return new ElementSegment((byte)flags, table, offset, type, null, items, at);
            }

            var functions = new uint[count];
            for (int i = 0; i < count; i++) functions[i] = reader.ReadUnsigned32();
            return new ElementSegment((byte)flags, table, offset, type, functions, null, at);
        }

        private void ReadBodies(ref WasmReader reader)
        {
            var bodies = new FunctionBody[reader.ReadCount("function bodies", ModuleLimits.Functions)];
            for (int i = 0; i < bodies.Length; i++)
            {
                uint size = reader.ReadUnsigned32();
                long at = reader.Offset;
                if (size == 0 || size > (uint)reader.Remaining)
                    reader.Fail(at, $"unexpected end: function body of {size} bytes, {reader.Remaining} left in the section");
                reader.CheckLimit(at, "bytes of a function body", size, ModuleLimits.FunctionBodyBytes);
                bodies[i] = new FunctionBody(module.Bytes.Slice((int)at, (int)size), at);
                reader.Position += (int)size;
            }

            module.Bodies = bodies;
        }

        private void ReadData(ref WasmReader reader)
        {
            var segments = new DataSegment[reader.ReadCount("data segments", ModuleLimits.DataSegments)];
            for (int i = 0; i < segments.Length; i++)
            {
                long at = reader.Offset;
                uint flags = reader.ReadUnsigned32();
                if (flags > 2) reader.Fail(at, $"malformed data segment kind {flags}");
                uint memory = flags == 2 ? reader.ReadUnsigned32() : 0;
                Expression? offset = flags != 1 ? ReadExpression(ref reader) : null;
                uint size = reader.ReadUnsigned32();
                if (size > (uint)reader.Remaining)
                    reader.Fail($"unexpected end: data segment of {size} bytes, {reader.Remaining} left in the section");
                segments[i] = new DataSegment((byte)flags, memory, offset, module.Bytes.Slice((int)reader.Offset, (int)size), at);
                reader.Position += (int)size;
            }

            module.Data = segments;
        }

        private Expression ReadExpression(ref WasmReader reader)
        {
            int start = (int)reader.Offset;
            var code = new InstructionReader(
                module.Bytes.Span.Slice(start, reader.Remaining), start, module.DisplayName, immediates);
            int depth = 0;
            while (true)
            {
                code.Read(out Instruction instruction);
                if (instruction.Opcode is Opcode.Block or Opcode.Loop or Opcode.If or Opcode.TryTable) depth++;
                if (instruction.Opcode == Opcode.End && depth-- == 0) break;
            }

            reader.Position += code.Position;
            return new Expression(module.Bytes.Slice(start, code.Position), start);
        }
    }
}
