using Chain.Wasm.Binary;
using Chain.Wasm.Text;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Tests.Text;

public sealed class InstructionTextTests
{
    [Theory]
    [InlineData("01", "nop")]
    [InlineData("41 7F", "i32.const -1")]
    [InlineData("42 80 80 80 80 80 80 80 80 80 7F", "i64.const -9223372036854775808")]
    [InlineData("43 00 00 C0 3F", "f32.const 1.5")]
    [InlineData("43 01 00 80 7F", "f32.const nan:0x1")]
    [InlineData("44 9A 99 99 99 99 99 B9 3F", "f64.const 0.1")]
    [InlineData("44 00 00 00 00 00 00 F0 FF", "f64.const -inf")]
    [InlineData("20 00", "local.get $left")]
    [InlineData("21 01", "local.set 1")]
    [InlineData("10 00", "call $first")]
    [InlineData("11 00 00", "call_indirect (type 0) (param i32 i32) (result i32)")]
    [InlineData("11 00 01", "call_indirect 1 (type 0) (param i32 i32) (result i32)")]
    [InlineData("14 00", "call_ref 0")]
    [InlineData("0D 00", "br_if 0 (;@0;)")]
    [InlineData("0D 07", "br_if 7")]
    [InlineData("0E 01 00 00", "br_table 0 (;@0;) 0 (;@0;)")]
    [InlineData("28 02 00", "i32.load")]
    [InlineData("28 00 08", "i32.load offset=8 align=1")]
    [InlineData("28 42 01 00", "i32.load 1")]
    [InlineData("31 00 00", "i64.load8_u")]
    [InlineData("3E 02 00", "i64.store32")]
    [InlineData("3F 00", "memory.size")]
    [InlineData("40 01", "memory.grow 1")]
    [InlineData("1B", "select")]
    [InlineData("1C 01 70", "select (result funcref)")]
    [InlineData("D0 70", "ref.null func")]
    [InlineData("D0 00", "ref.null 0")]
    [InlineData("D2 00", "ref.func $first")]
    [InlineData("FC 08 01 00", "memory.init 1")]
    [InlineData("FC 08 01 02", "memory.init 2 1")]
    [InlineData("FC 0A 00 00", "memory.copy")]
    [InlineData("FC 0A 01 00", "memory.copy 1 0")]
    [InlineData("FC 0C 01 00", "table.init 0 1")]
    [InlineData("FC 0E 01 00", "table.copy 1 0")]
    [InlineData("FB 02 00 03", "struct.get 0 3")]
    [InlineData("FB 08 00 05", "array.new_fixed 0 5")]
    [InlineData("FB 09 00 05", "array.new_data 0 5")]
    [InlineData("FB 11 00 01", "array.copy 0 1")]
    [InlineData("FB 14 6C", "ref.test (ref i31)")]
    [InlineData("FB 17 6C", "ref.cast (ref null i31)")]
    [InlineData("FB 18 01 00 6E 6C", "br_on_cast 0 (;@0;) (ref null any) (ref i31)")]
    [InlineData("FD 00 04 00", "v128.load")]
    [InlineData("FD 01 03 00", "v128.load8x8_s")]
    [InlineData("FD 07 00 00", "v128.load8_splat")]
    [InlineData("FD 55 00 00 03", "v128.load16_lane align=1 3")]
    [InlineData("FD 15 0F", "i8x16.extract_lane_s 15")]
    [InlineData("FD 0C 01 00 00 00 02 00 00 00 03 00 00 00 04 00 00 00", "v128.const i32x4 0x00000001 0x00000002 0x00000003 0x00000004")]
    [InlineData("FD 0D 00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 1F", "i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31")]
    [InlineData("08 00", "throw 0")]
    public void AnInstructionHasTheTextOfTheSpecification(string hex, string expected) =>
        Assert.Equal(expected, Lines(hex)[1].Trim());

    [Fact]
    public void BlocksAreIndentedAndBranchesSayWhichOneTheyMean() => Assert.Equal(
        [
            "block  ;; label = @1",
            "  loop (result i32)  ;; label = @2",
            "    if (type 0) (param i32 i32) (result i32)  ;; label = @3",
            "      br 1 (;@2;)",
            "    else",
            "      br 2 (;@1;)",
            "    end",
            "  end",
            "  try_table (catch 0 0 (;@1;)) (catch_all_ref 1 (;@0;))  ;; label = @2",
            "  end",
            "end",
        ],
        Lines("02 40 03 7F 04 00 0C 01 05 0C 02 0B 0B 1F 40 02 00 00 00 03 01 0B 0B")[1..^1].Select(line => line[2..]));

    [Fact]
    public void EveryInstructionHasItsNaturalAlignment()
    {
        foreach (Opcode opcode in Enum.GetValues<Opcode>())
        {
            OpcodeInfo info = OpcodeTable.Get(opcode);
            if (info.Immediate is not (ImmediateKind.MemoryArgument or ImmediateKind.MemoryArgumentLane)) continue;
            // A store's or load's width: the lane's, the number behind the verb, or that of the type.
            uint expected = opcode switch
            {
                Opcode.V128Load or Opcode.V128Store => 4,
                Opcode.I64Load or Opcode.F64Load or Opcode.I64Store or Opcode.F64Store or Opcode.V128Load8x8S or Opcode.V128Load8x8U
                    or Opcode.V128Load16x4S or Opcode.V128Load16x4U or Opcode.V128Load32x2S or Opcode.V128Load32x2U or Opcode.V128Load64Splat
                    or Opcode.V128Load64Lane or Opcode.V128Store64Lane or Opcode.V128Load64Zero => 3,
                Opcode.I32Load or Opcode.F32Load or Opcode.I32Store or Opcode.F32Store or Opcode.I64Load32S or Opcode.I64Load32U
                    or Opcode.I64Store32 or Opcode.V128Load32Splat or Opcode.V128Load32Lane or Opcode.V128Store32Lane or Opcode.V128Load32Zero => 2,
                Opcode.I32Load16S or Opcode.I32Load16U or Opcode.I32Store16 or Opcode.I64Load16S or Opcode.I64Load16U or Opcode.I64Store16
                    or Opcode.V128Load16Splat or Opcode.V128Load16Lane or Opcode.V128Store16Lane => 1,
                _ => 0,
            };
            Assert.True(expected == InstructionText.NaturalAlignment(info.Name), info.Name);
        }
    }

    private static string[] Lines(string hex)
    {
        byte[] code = [.. Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)), 0x0B];
        byte[] module = new ModuleBuilder()
            .Type([ValueType.I32, ValueType.I32], ValueType.I32)
            .Function(0, code, name: "first")
            .Build();
        // A second name section, which names the function's first parameter.
        module = [.. module, 0, 16, 4, .. "name"u8, 2, 9, 1, 0, 1, 0, 4, .. "left"u8];
        var text = new StringWriter();
        new ModuleText(ModuleReader.Read(module)).WriteFunction(text, 0);
        return text.ToString().TrimEnd('\n').Split('\n');
    }
}
