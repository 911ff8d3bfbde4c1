using System.Diagnostics;
using System.Security.Cryptography;
using Chain.Tests;
using Chain.Wasm.Binary;
using Chain.Wasm.Execution;
using Chain.Wasm.Execution.Managed;
using Xunit.Abstractions;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Tests;

/// <summary>
/// Mutants of the suite's modules, one for each seed: each is refused with an offset or runs within its limits, in a fresh instance, in
/// another one and after a reset with the same results. <c>CHAIN_FUZZ_SECONDS</c> sets how long, <c>CHAIN_FUZZ_SEED</c> the first seed.
/// </summary>
public sealed class EngineFuzzTests(ITestOutputHelper output)
{
    private static readonly StoreLimits Limits = new()
    {
        MemoryBytes = 8 << 20, TableElements = 100_000, HeapBytes = 16 << 20, StackBytes = 256 * 1024, Fuel = 200_000,
    };

    private readonly Dictionary<string, int> verdicts = [];

    [SharedFact("spec/core.tar.gz")]
    public void AMutantIsRefusedWithAnOffsetOrRunsTheSameEveryTime()
    {
        double seconds = double.Parse(Environment.GetEnvironmentVariable("CHAIN_FUZZ_SECONDS") ?? "15");
        int seed = int.Parse(Environment.GetEnvironmentVariable("CHAIN_FUZZ_SEED") ?? "20260617");
        byte[][] modules = [.. SpecArchive.Binaries("core").Select(static file => file.Bytes).Where(IsReadable)];
        string current = Path.Combine(Path.GetTempPath(), $"chain-fuzz-{Environment.ProcessId}.wasm");
        var watch = Stopwatch.StartNew();
        var engine = new ManagedEngine(new EngineOptions { MeasureFuel = true });
        int mutants = 0;
        for (; watch.Elapsed.TotalSeconds < seconds; mutants++, seed++)
        {
            // Types stay with their engine.
            if (mutants % 500 == 499) engine = new ManagedEngine(new EngineOptions { MeasureFuel = true });
            var random = new Random(seed);
            byte[] mutant = new ModuleMutator(random).Mutate(modules[random.Next(modules.Length)]);
            // What is left where the process dies.
            File.WriteAllBytes(current, mutant);
            TimeSpan before = watch.Elapsed;
            try
            {
                Count(Judge(engine, mutant, seed));
            }
            catch (Exception e)
            {
                string kept = Path.Combine(Path.GetTempPath(), $"chain-fuzz-{seed}.wasm");
                File.Copy(current, kept, overwrite: true);
                Assert.Fail($"seed {seed} ({kept}): {e}");
            }

            Assert.True(watch.Elapsed - before < TimeSpan.FromSeconds(30), $"seed {seed} took {watch.Elapsed - before}");
        }

        File.Delete(current);
        foreach ((string verdict, int count) in verdicts.OrderByDescending(static entry => entry.Value)) output.WriteLine($"{count,7} {verdict}");
        int ran = verdicts.GetValueOrDefault("ran");
        output.WriteLine($"{mutants,7} mutants in {watch.Elapsed.TotalSeconds:0} s");
        Assert.True(ran > mutants / 4, $"only {ran} of {mutants} mutants ran");
    }

    private static bool IsReadable(byte[] bytes)
    {
        try
        {
            if (bytes.Length > 50_000) return false;
            Validation.ModuleValidator.Validate(ModuleReader.Read(bytes));
            return true;
        }
        catch (WasmException)
        {
            return false;
        }
    }

    private void Count(string verdict) => verdicts[verdict] = verdicts.GetValueOrDefault(verdict) + 1;

    private static string Judge(ManagedEngine engine, byte[] mutant, int seed)
    {
        ManagedModule module;
        try
        {
            module = (ManagedModule)engine.Compile(mutant, "mutant");
        }
        catch (WasmException refusal) when (refusal is MalformedModuleException or InvalidModuleException)
        {
            Assert.InRange(refusal.Offset, 0, mutant.Length);
            return refusal.GetType().Name;
        }

        using Store one = engine.CreateStore(Limits), two = engine.CreateStore(Limits);
        List<string> first = Run(engine, module, one, seed, out Instance? instance);
        List<string> second = Run(engine, module, two, seed, out _);
        AssertSame(first, second, "another instance");
        if (instance is null) return first[0];
        // What it imported is not reset, and a limit of the store that was reached may be reached earlier now.
        bool imports = module.Module.Imports.Any(static import => import.Kind is not (ExternalKind.Function or ExternalKind.Tag));
        if (!imports)
        {
            one.Fuel = Limits.Fuel;
            one.SetDeadline(TimeSpan.FromSeconds(20));
            List<string> third = ["instantiated"];
            try
            {
                instance.Reset();
                CallAll(instance, one, seed, third);
            }
            catch (WasmTrapException trap)
            {
                third[0] = $"trap {trap.Kind}";
            }

            AssertSame(first, third, "after a reset");
        }

        return "ran";
    }

    private static void AssertSame(List<string> first, List<string> second, string where)
    {
        // Where the stack ended depends on what was compiled already, and whatever came after depends on that.
        int until = Math.Min(Unsteady(first), Unsteady(second));
        Assert.True(
            first.Take(until).SequenceEqual(second.Take(until)), $"{where} differs:\n{string.Join('\n', first)}\nand\n{string.Join('\n', second)}");
    }

    private static int Unsteady(List<string> outcomes)
    {
        int at = outcomes.FindIndex(static outcome => outcome.Contains(nameof(TrapKind.StackOverflow)) || outcome.Contains(nameof(TrapKind.AllocationTooLarge)));
        return at < 0 ? int.MaxValue : at;
    }

    private static List<string> Run(ManagedEngine engine, ManagedModule module, Store store, int seed, out Instance? instance)
    {
        instance = null;
        store.SetDeadline(TimeSpan.FromSeconds(20));
        try
        {
            instance = module.Instantiate(store, import => Stub(engine, module, store, import));
        }
        catch (WasmException e)
        {
            return [e is WasmTrapException trap ? $"trap {trap.Kind}" : e.GetType().Name];
        }

        List<string> outcomes = ["instantiated"];
        CallAll(instance, store, seed, outcomes);
        return outcomes;
    }

    private static void CallAll(Instance instance, Store store, int seed, List<string> outcomes)
    {
        var random = new Random(seed);
        foreach (Export export in instance.CompiledModule.Module.Exports.Take(12))
        {
            if (instance.Find(export.Name) is not Function function) continue;
            if (Arguments(function.Type, random) is not { } arguments) continue;
            string outcome = Call(function, arguments);
            outcomes.Add($"{export.Name}: {outcome}");
        }

        foreach (Export export in instance.CompiledModule.Module.Exports)
        {
            switch (instance.Find(export.Name))
            {
                case LinearMemory memory:
                    outcomes.Add($"{export.Name}: {memory.ByteLength} {Convert.ToHexString(SHA256.HashData(memory.Slice(0, (ulong)memory.ByteLength)))}");
                    break;
                case GlobalVariable global: outcomes.Add($"{export.Name}: {Describe([global.Value])}"); break;
                case ReferenceTable table: outcomes.Add($"{export.Name}: {table.Count}"); break;
            }
        }

        outcomes.Add($"fuel {store.Fuel}");
    }

    private static string Call(Function function, Value[] arguments)
    {
        try
        {
            return Describe(function.Invoke(arguments));
        }
        catch (WasmTrapException trap)
        {
            Assert.NotEqual(TrapKind.Deadline, trap.Kind);
            return trap.Kind.ToString();
        }
        catch (WasmException e)
        {
            return e.GetType().Name;
        }
    }

    private static string Describe(Value[] values) => string.Join(' ', values.Select(static value =>
        value.Kind == ValueKind.Ref ? value.Reference?.GetType().Name ?? "null" : $"{value.Kind}:{value.Bits:x}:{(value.Kind == ValueKind.V128 ? value.ToString() : "")}"));

    private static Value[]? Arguments(FunctionType type, Random random)
    {
        var arguments = new Value[type.Parameters.Length];
        for (int i = 0; i < arguments.Length; i++)
        {
            ulong bits = CodeGenerator.Number(random);
            ValueType parameter = type.Parameters[i];
            if (parameter.IsRef && !parameter.IsNullable) return null;
            arguments[i] = parameter.Kind switch
            {
                ValueKind.I32 => Value.FromI32((int)bits),
                ValueKind.I64 => Value.FromI64((long)bits),
                ValueKind.F32 => Value.FromF32(BitConverter.UInt32BitsToSingle((uint)bits)),
                ValueKind.F64 => Value.FromF64(BitConverter.UInt64BitsToDouble(bits)),
                _ => Value.Default(parameter),
            };
        }

        return arguments;
    }

    /// <summary>Something that fits an import, where that is possible without knowing what it is for.</summary>
    private static External? Stub(ManagedEngine engine, ManagedModule module, Store store, Import import)
    {
        ValueType Canonical(ValueType type) => engine.Types.Canonicalize(type, module.Context.CanonicalIds);
        switch (import.Kind)
        {
            case ExternalKind.Function:
                var type = (FunctionType)module.TypeAt((int)import.TypeIndex).Composite;
                if (type.Results.Any(static result => result.IsRef && !result.IsNullable)) return null;
                return store.CreateFunction(type, _ => [.. type.Results.Select(Value.Default)]);
            case ExternalKind.Memory: return store.CreateMemory(import.Memory);
            case ExternalKind.Tag: return store.CreateTag((FunctionType)module.TypeAt((int)import.TypeIndex).Composite);
            case ExternalKind.Table:
                if (!import.Table.Element.IsNullable) return null;
                return store.CreateTable(import.Table with { Element = Canonical(import.Table.Element) });
            default:
                if (import.Global.Value is { IsRef: true, IsNullable: false }) return null;
                return store.CreateGlobal(import.Global with { Value = Canonical(import.Global.Value) }, Value.Default(import.Global.Value));
        }
    }
}
