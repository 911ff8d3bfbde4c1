using System.Buffers;
using Chain.Wasm.Binary;

namespace Chain.Wasm.Components.Binary;

/// <summary>
/// Encodes a component from its model and not from the bytes it was read from. Reading and then writing gives the same bytes.
/// </summary>
public static class ComponentWriter
{
    /// <summary>Encodes a component; its <see cref="Component.Sections"/> give the order.</summary>
    public static byte[] Write(Component component)
    {
        var output = new ArrayBufferWriter<byte>(component.Bytes.Length);
        Write(component, output);
        return output.WrittenSpan.ToArray();
    }

    private static void Write(Component component, ArrayBufferWriter<byte> output)
    {
        output.Write("\0asm\u000d\0\u0001\0"u8);
        var content = new WasmWriter();
        var header = new WasmWriter();
        foreach (ComponentSection section in component.Sections)
        {
            content.Begin(section.Encoding);
            WriteContent(content, section);
            header.Begin(null);
            header.WriteByte((byte)section.Id);
            header.WriteUnsigned((ulong)content.Written.Length, section.Encoding.SizeWidth);
            output.Write(header.Written);
            output.Write(content.Written);
        }
    }

    private static void WriteContent(WasmWriter writer, ComponentSection section)
    {
        switch (section.Definitions)
        {
            case [CustomDefinition custom] when section.Id == ComponentSectionId.Custom:
                writer.WriteName(custom.Section.Name);
                writer.WriteBytes(custom.Section.Content.Span);
                break;
            case [CoreModuleDefinition module] when section.Id == ComponentSectionId.CoreModule:
                writer.WriteBytes(ModuleWriter.Write(module.Module));
                break;
            case [NestedComponentDefinition nested] when section.Id == ComponentSectionId.Component:
                writer.WriteBytes(Write(nested.Component));
                break;
            case [StartDefinition start] when section.Id == ComponentSectionId.Start:
                writer.WriteUnsigned(start.Function);
                writer.WriteUnsigned((ulong)start.Arguments.Length);
                foreach (uint argument in start.Arguments) writer.WriteUnsigned(argument);
                writer.WriteUnsigned(start.Results);
                break;
            default:
                writer.WriteUnsigned((ulong)section.Definitions.Count);
                foreach (Definition definition in section.Definitions) DefinitionWriter.Write(writer, definition);
                break;
        }
    }
}
