using Chain.Wasm.Binary;

namespace Chain.Wasm.Components.Binary;

/// <summary>Decodes a component (Component Model, "Binary.md"). Core modules inside are decoded too; nothing is validated.</summary>
public static class ComponentReader
{
    private const uint Magic = 0x6D736100;
    private const uint Version = 0x0001000D;

    /// <summary>Decodes a component.</summary>
    /// <param name="bytes">The component; must not change while the result is in use.</param>
    /// <param name="displayName">What messages call it.</param>
    /// <exception cref="MalformedComponentException">The bytes are not a component; the message says where and why.</exception>
    /// <exception cref="InvalidComponentException">It declares more of something than <see cref="ComponentLimits"/> allows.</exception>
    /// <exception cref="MalformedModuleException">A core module inside is malformed.</exception>
    /// <exception cref="InvalidModuleException">A core module inside declares more than <see cref="ModuleLimits"/> allows.</exception>
    public static Component Read(ReadOnlyMemory<byte> bytes, string displayName = "(component)") => Read(bytes, 0, displayName, 0);

    private static Component Read(ReadOnlyMemory<byte> bytes, long offset, string displayName, int depth)
    {
        var component = new Component { DisplayName = displayName, Bytes = bytes, Offset = offset };
        var reader = new WasmReader(bytes.Span, offset, displayName, null, true);
        ReadHeader(ref reader, offset);
        if (depth >= ComponentLimits.Nesting)
        {
            throw new InvalidComponentException(
                $"invalid component {displayName} at 0x{offset:x}: too many components inside one another, expected at most {ComponentLimits.Nesting}", offset);
        }

        var sections = new List<ComponentSection>();
        while (!reader.AtEnd)
        {
            long at = reader.Offset;
            byte id = reader.ReadByte();
            int sizeAt = reader.Position;
            if (id > (byte)ComponentSectionId.Value) reader.Fail(at, $"malformed section id {id}");
            uint size = reader.ReadUnsigned32();
            var encoding = new SectionEncoding { SizeWidth = (byte)(reader.Position - sizeAt) };
            if (size > (uint)reader.Remaining)
                reader.Fail(at, $"unexpected end: section of {size} bytes declared, {reader.Remaining} left");
            ReadOnlyMemory<byte> content = bytes.Slice(reader.Position, (int)size);
            var pass = new Pass(content, reader.Offset, displayName, encoding, depth);
            sections.Add(pass.ReadSection((ComponentSectionId)id));
            reader.Position += (int)size;
        }

        component.Sections = sections;
        return component;
    }

    private static void ReadHeader(ref WasmReader reader, long offset)
    {
        if (reader.Remaining < 4 || reader.ReadFixed32() != Magic)
            reader.Fail(offset, "magic header not detected: expected the bytes 00 61 73 6d");
        if (reader.Remaining < 4) reader.Fail("unexpected end in the version");
        uint version = reader.ReadFixed32();
        if (version == 1) reader.Fail(offset + 4, "this is a core module; expected a component (version 13, layer 1)");
        if (version != Version)
            reader.Fail(offset + 4, $"unknown binary version {version & 0xFFFF}, layer {version >> 16}; expected version 13, layer 1");
    }

    private sealed class Pass(ReadOnlyMemory<byte> content, long offset, string displayName, SectionEncoding encoding, int depth)
    {
        public ComponentSection ReadSection(ComponentSectionId id)
        {
            var reader = new WasmReader(content.Span, offset, displayName, encoding, true);
            IReadOnlyList<Definition> definitions;
            switch (id)
            {
                case ComponentSectionId.Custom:
                    string name = reader.ReadName();
                    var custom = new CustomSection(name, content[reader.Position..], reader.Offset);
                    definitions = [new CustomDefinition(custom, offset)];
                    reader.Position = content.Length;
                    break;
                case ComponentSectionId.CoreModule:
                    Module module = ModuleReader.Read(content, $"{displayName} (core module at 0x{offset:x})");
                    definitions = [new CoreModuleDefinition(module, offset)];
                    reader.Position = content.Length;
                    break;
                case ComponentSectionId.Component:
                    definitions = [new NestedComponentDefinition(Read(content, offset, displayName, depth + 1), offset)];
                    reader.Position = content.Length;
                    break;
                case ComponentSectionId.Start:
                    definitions = [DefinitionReader.ReadStart(ref reader)];
                    break;
                case ComponentSectionId.Value:
                    reader.Fail(offset, "value definitions are not supported");
                    return null;
                default:
                    var list = new Definition[reader.ReadCount("definitions", ComponentLimits.Definitions)];
                    for (int i = 0; i < list.Length; i++) list[i] = DefinitionReader.Read(ref reader, id, depth);
                    definitions = list;
                    break;
            }

            if (!reader.AtEnd) reader.Fail($"section size mismatch: {reader.Remaining} bytes left in the {id} section");
            return new ComponentSection(id, offset, content.Length, encoding, definitions);
        }
    }
}
