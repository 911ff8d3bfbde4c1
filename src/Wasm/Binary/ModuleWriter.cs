using System.Buffers;

namespace Chain.Wasm.Binary;

/// <summary>
/// Encodes a module (core specification, "Binary Format / Modules"), from its model and not from the bytes it was read from.
/// Reading and then writing gives the same bytes.
/// </summary>
public static class ModuleWriter
{
    /// <summary>Encodes a module; its <see cref="Module.Sections"/> give the order.</summary>
    public static byte[] Write(Module module)
    {
        var output = new ArrayBufferWriter<byte>(module.Bytes.Length);
        output.Write("\0asm\u0001\0\0\0"u8);
        var content = new WasmWriter();
        var header = new WasmWriter();
        foreach (Section section in module.Sections)
        {
            content.Begin(section.Encoding);
            WriteContent(content, module, section);
            header.Begin(null);
            header.WriteByte((byte)section.Id);
            header.WriteUnsigned((ulong)content.Written.Length, section.Encoding.SizeWidth);
            output.Write(header.Written);
            output.Write(content.Written);
        }

        return output.WrittenSpan.ToArray();
    }

    private static void WriteContent(WasmWriter writer, Module module, Section section)
    {
        switch (section.Id)
        {
            case SectionId.Custom:
                writer.WriteName(section.Custom!.Name);
                writer.WriteBytes(section.Custom.Content.Span);
                break;
            case SectionId.Type:
                WriteAll(writer, module.TypeGroups, WriteGroup);
                break;
            case SectionId.Import:
                WriteAll(writer, module.Imports, WriteImport);
                break;
            case SectionId.Function:
                WriteAll(writer, module.Functions, static (w, use) => w.WriteUnsigned(use.TypeIndex));
                break;
            case SectionId.Table:
                WriteAll(writer, module.Tables, WriteTable);
                break;
            case SectionId.Memory:
                WriteAll(writer, module.Memories, static (w, memory) => WriteLimits(w, memory.Type.Limits));
                break;
            case SectionId.Tag:
                WriteAll(writer, module.Tags, static (w, tag) => WriteTagType(w, tag.TypeIndex));
                break;
            case SectionId.Global:
                WriteAll(writer, module.Globals, static (w, global) =>
                {
                    WriteGlobalType(w, global.Type);
                    w.WriteBytes(global.Initializer.Code.Span);
                });
                break;
            case SectionId.Export:
                WriteAll(writer, module.Exports, static (w, export) =>
                {
                    w.WriteName(export.Name);
                    w.WriteByte((byte)export.Kind);
                    w.WriteUnsigned(export.Index);
                });
                break;
            case SectionId.Start:
                writer.WriteUnsigned(module.Start!.Value);
                break;
            case SectionId.Element:
                WriteAll(writer, module.Elements, WriteElement);
                break;
            case SectionId.DataCount:
                writer.WriteUnsigned(module.DataCount!.Value);
                break;
            case SectionId.Code:
                WriteAll(writer, module.Bodies, static (w, body) =>
                {
                    w.WriteUnsigned((ulong)body.Bytes.Length);
                    w.WriteBytes(body.Bytes.Span);
                });
                break;
            case SectionId.Data:
                WriteAll(writer, module.Data, WriteDataSegment);
                break;
        }
    }

    private static void WriteAll<T>(WasmWriter writer, T[] items, Action<WasmWriter, T> write)
    {
        writer.WriteUnsigned((ulong)items.Length);
        foreach (T item in items) write(writer, item);
    }

    internal static void WriteGroup(WasmWriter writer, RecursiveGroup group)
    {
        if (!group.IsAbbreviated)
        {
            writer.WriteByte(0x4E);
            writer.WriteUnsigned((ulong)group.Types.Length);
        }

        foreach (SubType type in group.Types)
        {
            if (!type.IsAbbreviated)
            {
                writer.WriteByte(type.Final ? (byte)0x4F : (byte)0x50);
                writer.WriteUnsigned((ulong)type.Supertypes.Length);
                foreach (uint supertype in type.Supertypes) writer.WriteUnsigned(supertype);
            }

            WriteCompositeType(writer, type.Composite);
        }
    }

    private static void WriteCompositeType(WasmWriter writer, CompositeType type)
    {
        switch (type)
        {
            case FunctionType function:
                writer.WriteByte(0x60);
                WriteAll(writer, function.Parameters, static (w, t) => w.WriteValueType(t));
                WriteAll(writer, function.Results, static (w, t) => w.WriteValueType(t));
                break;
            case StructType structure:
                writer.WriteByte(0x5F);
                WriteAll(writer, structure.Fields, WriteFieldType);
                break;
            case ArrayType array:
                writer.WriteByte(0x5E);
                WriteFieldType(writer, array.Element);
                break;
        }
    }

    private static void WriteFieldType(WasmWriter writer, FieldType field)
    {
        writer.WriteValueType(field.Storage);
        writer.WriteByte(field.Mutable ? (byte)1 : (byte)0);
    }

    internal static void WriteImport(WasmWriter writer, Import import)
    {
        writer.WriteName(import.Module);
        writer.WriteName(import.Name);
        WriteExternType(writer, import);
    }

    internal static void WriteExternType(WasmWriter writer, Import import)
    {
        writer.WriteByte((byte)import.Kind);
        switch (import.Kind)
        {
            case ExternalKind.Function: writer.WriteUnsigned(import.TypeIndex); break;
            case ExternalKind.Table: WriteTableType(writer, import.Table); break;
            case ExternalKind.Memory: WriteLimits(writer, import.Memory.Limits); break;
            case ExternalKind.Global: WriteGlobalType(writer, import.Global); break;
            case ExternalKind.Tag: WriteTagType(writer, import.TypeIndex); break;
        }
    }

    internal static void WriteTagType(WasmWriter writer, uint typeIndex)
    {
        writer.WriteByte(0);
        writer.WriteUnsigned(typeIndex);
    }

    private static void WriteTable(WasmWriter writer, Table table)
    {
        if (table.Initializer is { } initializer)
        {
            writer.WriteByte(0x40);
            writer.WriteByte(0);
            WriteTableType(writer, table.Type);
            writer.WriteBytes(initializer.Code.Span);
        }
        else
        {
            WriteTableType(writer, table.Type);
        }
    }

    internal static void WriteTableType(WasmWriter writer, TableType type)
    {
        writer.WriteReferenceType(type.Element);
        WriteLimits(writer, type.Limits);
    }

    internal static void WriteGlobalType(WasmWriter writer, GlobalType type)
    {
        writer.WriteValueType(type.Value);
        writer.WriteByte(type.Mutable ? (byte)1 : (byte)0);
    }

    internal static void WriteLimits(WasmWriter writer, Limits limits)
    {
        int flags = (limits.Maximum is null ? 0 : 1) | (limits.IsShared ? 2 : 0) | (limits.Is64 ? 4 : 0);
        writer.WriteByte((byte)flags);
        writer.WriteUnsigned(limits.Minimum);
        if (limits.Maximum is { } maximum) writer.WriteUnsigned(maximum);
    }

    private static void WriteElement(WasmWriter writer, ElementSegment segment)
    {
        writer.WriteUnsigned(segment.Flags);
        if (segment.Mode == SegmentMode.Active && (segment.Flags & 2) != 0) writer.WriteUnsigned(segment.TableIndex);
        if (segment.TableOffset is { } offset) writer.WriteBytes(offset.Code.Span);
        if ((segment.Flags & 3) != 0)
        {
            if (segment.Expressions is not null) writer.WriteReferenceType(segment.Type);
            else writer.WriteByte(0);
        }

        if (segment.FunctionIndices is { } functions) WriteAll(writer, functions, static (w, index) => w.WriteUnsigned(index));
        else WriteAll(writer, segment.Expressions!, static (w, expression) => w.WriteBytes(expression.Code.Span));
    }

    private static void WriteDataSegment(WasmWriter writer, DataSegment segment)
    {
        writer.WriteUnsigned(segment.Flags);
        if (segment.Flags == 2) writer.WriteUnsigned(segment.MemoryIndex);
        if (segment.MemoryOffset is { } offset) writer.WriteBytes(offset.Code.Span);
        writer.WriteUnsigned((ulong)segment.Content.Length);
        writer.WriteBytes(segment.Content.Span);
    }
}
