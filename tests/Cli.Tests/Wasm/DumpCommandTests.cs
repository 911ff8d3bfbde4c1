using System.Text.Json;
using Chain.Wasm.Binary;

namespace Chain.Cli.Tests.Wasm;

public sealed class DumpCommandTests(SampleFiles files) : IClassFixture<SampleFiles>
{
    [Fact]
    public void TheOverviewHasSectionsTypesImportsAndExportsInColumns()
    {
        CapturedRun run = CapturedRun.Of("wasm", "dump", files.Importing);
        Assert.Equal("", run.Error);
        Assert.Equal(ExitCode.Ok, run.ExitCode);
        Assert.Equal($"{files.Importing}: core module, 360 bytes, module \"sample\"", run.OutputLines[0]);
        Assert.Contains("  section        offset  bytes  items\n  type              0xa     39      7\n", run.Output);
        Assert.Contains("  custom \"name\"   0x119     79\n", run.Output);
        Assert.Contains("     4  (func (param externref) (result externref funcref))\n", run.Output);
        Assert.Contains("  function      0  \"spectest\"  \"print_i32\"  (param i32)\n", run.Output);
        Assert.Contains("  memory        0  \"memory\"   1 pages or more\n", run.Output);
        Assert.Contains("  function      2  \"swap\"     (param i64 f32 f64) (result f64 f32 i64)\n", run.Output);
    }

    [Fact]
    public void OneFunctionIsDisassembledByNameOrIndexWithLabelsAndOffsets()
    {
        const string expected = """
            (func $table (;9;) (type 6) (param $x i32) (result i32)
              (local $y i64)
              block  ;; label = @1
                block  ;; label = @2
                  local.get $x
                  br_table 0 (;@2;) 1 (;@1;) 0 (;@2;)
                end
                i32.const 1
                return
              end
              local.get $x
              i32.load offset=8 align=1
            )

            """;
        Assert.Equal(expected, CapturedRun.Of("wasm", "dump", files.Importing, "--disassemble", "table").Output);
        Assert.Equal(expected, CapturedRun.Of("wasm", "dump", files.Importing, "-d", "9").Output);
        Assert.Contains("(;@0fe;)     i32.const 1\n", CapturedRun.Of("wasm", "dump", files.Importing, "-d", "9", "--offsets").Output);
    }

    [Fact]
    public void TheWholeModuleIsDisassembledWhereNoFunctionIsNamed()
    {
        string text = CapturedRun.Of("wasm", "dump", files.Importing, "--disassemble").Output;
        Assert.StartsWith("(module $sample\n  (type (;0;) (func (param i32)))\n", text);
        Assert.Contains("  (import \"spectest\" \"print_i32\" (func $log (;0;) (type 0) (param i32)))\n", text);
        Assert.Contains("  (global $hits (;0;) (mut i64) i64.const 7)\n", text);
        Assert.Contains("  (data (;0;) (offset i32.const 8) \"hello\\00\\ff\")\n", text);
        Assert.EndsWith(")\n", text);
    }

    [Theory]
    [InlineData("type", "definition")]
    [InlineData("imports", "print_i32")]
    [InlineData("code", "$deep")]
    [InlineData("memory", "pages of 64 KiB")]
    [InlineData("globals", "i64.const 7")]
    [InlineData("export", "\"twice\"")]
    [InlineData("data", "\"hello\\00\\ff\"")]
    [InlineData("name", "0000011e  00 07 06 73 61 6d 70 6c")]
    public void ASectionIsListedByItsName(string section, string part)
    {
        CapturedRun run = CapturedRun.Of("wasm", "dump", files.Importing, "--section", section);
        Assert.Equal("", run.Error);
        Assert.Contains(part, run.Output);
        Assert.DoesNotContain("sections", run.Output);
    }

    [Fact]
    public void JsonHasTheSameFacts()
    {
        JsonElement json = JsonDocument.Parse(CapturedRun.Of("wasm", "dump", files.Importing, "--json").Output).RootElement;
        Assert.Equal(360, json.GetProperty("size").GetInt32());
        Assert.Equal("sample", json.GetProperty("name").GetString());
        Assert.Equal("(param i32)", json.GetProperty("imports")[0].GetProperty("type").GetString());
        Assert.Equal(9, json.GetProperty("functions").GetArrayLength());
        Assert.Equal("swap", json.GetProperty("exports")[2].GetProperty("name").GetString());
        Assert.Equal(JsonValueKind.Null, json.GetProperty("start").ValueKind);
        Assert.Equal(64, json.GetProperty("sha256").GetString()!.Length);
    }

    [Fact]
    public void APackedModuleIsReadAsThePlainOne() =>
        Assert.Equal(
            CapturedRun.Of("wasm", "dump", files.Pure).OutputLines[1..],
            CapturedRun.Of("wasm", "dump", files.Packed).OutputLines[1..]);

    [Fact]
    public void NamesOfAStrangerCannotMoveTheCursorOrForgeALine()
    {
        // (module (import "\1b[2J" "[red]x[/]\n\u{202e}" (func)))
        byte[] name1 = [0x1B, .. "[2J"u8];
        byte[] name2 = [.. "[red]x[/]\n"u8, 0xE2, 0x80, 0xAE];
        byte[] import = [1, (byte)name1.Length, .. name1, (byte)name2.Length, .. name2, 0, 0];
        byte[] module = [0, 0x61, 0x73, 0x6D, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 2, (byte)import.Length, .. import];
        string path = files.Write("hostile.wasm", module);
        foreach (string[] options in new string[][] { [], ["--disassemble"], ["--section", "import"], ["--json"] })
        {
            CapturedRun run = CapturedRun.Of(["wasm", "dump", path, .. options]);
            Assert.Equal("", run.Error);
            Assert.DoesNotContain('\x1B', run.Output);
            Assert.DoesNotContain('\u202E', run.Output);
        }

        Assert.Contains("  function      0  \"\\u{1b}[2J\"  \"[red]x[/]\\u{a}\\u{202e}\"  ()\n", CapturedRun.Of("wasm", "dump", path).Output);
        Assert.NotNull(ModuleReader.Read(module));
    }

    [Fact]
    public void MistakesAreOneLineWithExitCode2()
    {
        CapturedRun.Of("wasm", "dump", files.Pure, "--section", "nme").FailedWith(
            ExitCode.BadInput,
            $"{files.Pure} has no section 'nme'; it has type, function, memory, global, export, code, data, name");
        CapturedRun.Of("wasm", "dump", files.Pure, "-d", "10").FailedWith(ExitCode.BadInput, $"{files.Pure} has no function 10; it has 10, counted from 0");
        CapturedRun.Of("wasm", "dump", files.Pure, "-d", "dep").FailedWith(ExitCode.BadInput, $"{files.Pure} has no function 'dep'; near: 'deep'");
        CapturedRun.Of("wasm", "dump", "-d", files.Pure).FailedWith(
            ExitCode.BadInput, $"no FILE given: put {files.Pure} before --disassemble, which takes a function");
        CapturedRun.Of("wasm", "dump").FailedWith(ExitCode.BadInput, "no FILE given; expected: chain wasm dump FILE");
    }
}
