using System.Buffers.Binary;
using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using Chain.Tests;
using Chain.Wasm.Binary;
using Chain.Wasm.Execution;

namespace Chain.Wasm.Tests;

/// <summary>
/// The specification's scripts, run as far as a <see cref="StraightLineFunction"/> goes: its assertions about functions that are made of
/// the operations under test and nothing else.
/// </summary>
internal sealed unsafe class OperationScript
{
    private const int MemorySize = 4 << 16;
    private readonly Dictionary<string, byte[]> files;
    private readonly Dictionary<string, StraightLineFunction?> functions = [];
    private readonly byte[] memory = GC.AllocateArray<byte>(MemorySize, pinned: true);
    private readonly bool withIntrinsics;
    private Module? module;

    private OperationScript(Dictionary<string, byte[]> files, bool withIntrinsics) =>
        (this.files, this.withIntrinsics) = (files, withIntrinsics);

    /// <summary>How many assertions held or did not; those about other functions are not counted.</summary>
    public int Ran { get; private set; }

    public List<string> Failures { get; } = [];

    /// <summary>Runs scripts by name.</summary>
    /// <param name="withIntrinsics">As for <see cref="StraightLineFunction.TryCompile"/>.</param>
    public static OperationScript Run(Predicate<string> isWanted, bool withIntrinsics)
    {
        var files = new Dictionary<string, byte[]>();
        using FileStream file = File.OpenRead(Path.Combine(Places.Shared, "spec", "core.tar.gz"));
        using var tar = new TarReader(new GZipStream(file, CompressionMode.Decompress));
        while (tar.GetNextEntry() is { } entry)
        {
            string name = Path.GetFileName(entry.Name);
            if (entry.DataStream is null || !isWanted(name.Split('.')[0])) continue;
            var content = new MemoryStream();
            entry.DataStream.CopyTo(content);
            files[name] = content.ToArray();
        }

        var script = new OperationScript(files, withIntrinsics);
        foreach (string name in files.Keys.Where(name => name.EndsWith(".json", StringComparison.Ordinal)).Order()) script.RunOne(name);
        return script;
    }

    private void RunOne(string name)
    {
        using JsonDocument document = JsonDocument.Parse(files[name]);
        foreach (JsonElement command in document.RootElement.GetProperty("commands").EnumerateArray())
        {
            switch (command.GetProperty("type").GetString())
            {
                case "module":
                    Instantiate(command);
                    break;
                case "assert_return" or "assert_trap" when command.GetProperty("action").GetProperty("type").ValueEquals("invoke"):
                    Check($"{name}, line {command.GetProperty("line").GetInt32()}", command);
                    break;
            }
        }
    }

    private void Instantiate(JsonElement command)
    {
        string file = (command.TryGetProperty("binary_filename", out JsonElement binary) ? binary : command.GetProperty("filename")).GetString()!;
        module = ModuleReader.Read(files[file], file);
        functions.Clear();
        Array.Clear(memory);
        foreach (DataSegment segment in module.Data)
        {
            // Constant offsets are all that these scripts have.
            var reader = new InstructionReader(segment.MemoryOffset!.Value.Code.Span, 0, file, new InstructionReader.Immediates());
            reader.Read(out Instruction offset);
            segment.Content.Span.CopyTo(memory.AsSpan((int)offset.Bits));
        }
    }

    private void Check(string where, JsonElement command)
    {
        JsonElement action = command.GetProperty("action");
        string field = action.GetProperty("field").GetString()!;
        if (!functions.TryGetValue(field, out StraightLineFunction? function))
        {
            uint index = module!.Exports.Single(export => export.Name == field && export.Kind == ExternalKind.Function).Index;
            functions[field] = function = StraightLineFunction.TryCompile(module, index, withIntrinsics);
        }

        if (function is null) return;
        bool isTrap = command.GetProperty("type").ValueEquals("assert_trap");
        if (isTrap && command.GetProperty("text").ValueEquals("out of bounds memory access")) return;
        Ran++;
        byte[] arguments = GC.AllocateUninitializedArray<byte>(StraightLineFunction.SlotSize * 4);
        byte[] result = new byte[StraightLineFunction.SlotSize];
        int at = 0;
        foreach (JsonElement argument in action.GetProperty("args").EnumerateArray())
        {
            WriteValue(argument, arguments.AsSpan(at++ * StraightLineFunction.SlotSize));
        }

        string outcome = "";
        try
        {
            fixed (byte* a = arguments, r = result, m = memory) function.Run(a, r, m);
        }
        catch (WasmTrapException trap)
        {
            outcome = trap.Kind switch
            {
                TrapKind.IntegerOverflow => "integer overflow",
                TrapKind.InvalidConversionToInteger => "invalid conversion to integer",
                _ => trap.Message,
            };
        }
        catch (DivideByZeroException)
        {
            outcome = "integer divide by zero";
        }

        if (isTrap)
        {
            string text = command.GetProperty("text").GetString()!;
            if (outcome != text) Failures.Add($"{where}: {field} should trap with '{text}', got '{outcome}'");
            return;
        }

        JsonElement expected = command.GetProperty("expected");
        if (outcome.Length != 0 || (expected.GetArrayLength() == 1 && !Matches(expected[0], result)))
        {
            Failures.Add($"{where}: {field}{action.GetProperty("args")} should be {expected}, got {outcome}{Convert.ToHexString(result)}");
        }
    }

    private static void WriteValue(JsonElement value, Span<byte> to)
    {
        if (value.GetProperty("type").ValueEquals("v128"))
        {
            string lane = value.GetProperty("lane_type").GetString()!;
            foreach (JsonElement one in value.GetProperty("value").EnumerateArray()) to = to[WriteLane(lane, one.GetString()!, to)..];
            return;
        }

        WriteLane(value.GetProperty("type").GetString()!, value.GetProperty("value").GetString()!, to);
    }

    // The suite writes integers as signed and floating-point bits as unsigned numbers; a signed parse wraps the latter.
    private static int WriteLane(string type, string value, Span<byte> to)
    {
        long bits = type == "f64"
            ? (long)ulong.Parse(value, CultureInfo.InvariantCulture)
            : long.Parse(value, CultureInfo.InvariantCulture);
        int size = Width(type);
        Span<byte> all = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(all, bits);
        all[..size].CopyTo(to);
        return size;
    }

    private static int Width(string type) => int.Parse(type.AsSpan(1), CultureInfo.InvariantCulture) / 8;

    private static bool Matches(JsonElement expected, ReadOnlySpan<byte> result)
    {
        string type = expected.GetProperty("type").GetString()!;
        if (type == "either")
        {
            foreach (JsonElement one in expected.GetProperty("values").EnumerateArray())
            {
                if (Matches(one, result)) return true;
            }

            return false;
        }

        if (type != "v128") return LaneMatches(type, expected.GetProperty("value").GetString()!, result);
        string lane = expected.GetProperty("lane_type").GetString()!;
        foreach (JsonElement one in expected.GetProperty("value").EnumerateArray())
        {
            if (!LaneMatches(lane, one.GetString()!, result)) return false;
            result = result[Width(lane)..];
        }

        return true;
    }

    private static bool LaneMatches(string type, string value, ReadOnlySpan<byte> result)
    {
        if (value.StartsWith("nan:", StringComparison.Ordinal))
        {
            ulong bits = type == "f32" ? BinaryPrimitives.ReadUInt32LittleEndian(result) : BinaryPrimitives.ReadUInt64LittleEndian(result);
            ulong quiet = type == "f32" ? 0x7FC0_0000UL : 0x7FF8_0000_0000_0000UL;
            ulong sign = type == "f32" ? 0x8000_0000UL : 0x8000_0000_0000_0000UL;
            return value == "nan:canonical" ? (bits & ~sign) == quiet : (bits & quiet) == quiet;
        }

        Span<byte> wanted = stackalloc byte[8];
        int size = WriteLane(type, value, wanted);
        return wanted[..size].SequenceEqual(result[..size]);
    }
}
