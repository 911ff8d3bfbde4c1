using Chain.Wasm.Execution;
using Chain.Wasm.Execution.Managed;

namespace Chain.Wasm.Tests;

/// <summary>The compiler leaves out bounds checks that cannot fail; here are ways in which one might wrongly look as if it could not.</summary>
public sealed class BoundsCheckTests
{
    // (memory 1) (func (export "run") (param i32) (result i32) (local i32)
    //   i32.const 0  loop (param i32) (result i32)  i32.load  drop  local.get 0  (once: br_if 0)  end)
    private const string LoopParameter =
        "0061736d0100000001060160017f017f030201000504010101020707010372756e00000a1a011801017f410003002802001a2000200145410121010d000b0b";

    [Fact]
    public void WhatIsKnownOfTheFirstTurnOfALoopDoesNotHoldForTheNext()
    {
        using Store store = new ManagedEngine().CreateStore();
        Function run = store.Engine.Compile(Convert.FromHexString(LoopParameter)).Instantiate(store).GetFunction("run");
        Assert.Equal(65532, run.Invoke(Value.FromI32(65532))[0].I32);
        var trap = Assert.Throws<WasmTrapException>(() => run.Invoke(Value.FromI32(65533)));
        Assert.Equal(TrapKind.MemoryOutOfBounds, trap.Kind);
    }
}
