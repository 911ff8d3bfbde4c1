using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Chain.Wasm.Binary;
using Chain.Wasm.Execution;
using Chain.Wasm.Execution.Managed;
using Chain.Wasm.Validation;

namespace Chain.Cli.Bench;

/// <summary>
/// What a module costs before it is warm, for a small, a middling and a large one: decode and validate, compile, instantiate, the
/// first call. Every round compiles anew in a new engine.
/// </summary>
internal static class ModuleTimings
{
    private const int Rounds = 5;
    private const string LargeModule = "samples/js/hello-js-pure.wasm.gz";

    /// <summary>One module and the call that is made into it first.</summary>
    /// <param name="Name">What the rows call it.</param>
    /// <param name="Path">The file of the core module.</param>
    /// <param name="Export">A function of type <c>(i32) -> i32 | i64</c>; with a text, one that takes and returns a string.</param>
    /// <param name="Text">The string passed as the canonical ABI has it, or null to pass the number 1.</param>
    private sealed record Subject(string Name, string Path, string Export, string? Text = null);

    private sealed record Times(double ValidateNs, double CompileNs, double InstantiateNs, double CallNs, string Result)
    {
        public double TotalNs => CompileNs + InstantiateNs + CallNs;
    }

    /// <summary>Adds four rows and a total for each module.</summary>
    public static void Measure(string folder, PeerProcess? peer, BenchReport report)
    {
        using var temporary = new TemporaryFile();
        foreach (Subject subject in Subjects(folder, temporary, report)) Measure(subject, peer, report);
    }

    private static IEnumerable<Subject> Subjects(string folder, TemporaryFile temporary, BenchReport report)
    {
        // The large one first: its first round is then that of a process in which nothing of the compiler has been jitted yet.
        if (BenchFolder.FindShared(LargeModule) is { } packed)
        {
            File.WriteAllBytes(temporary.Path, CoreModuleFile.Read(packed));
            yield return new Subject("hello-js-pure", temporary.Path, "demo:greet/ops#greet", "Ada");
        }
        else
        {
            report.Note($"../shared/{LargeModule} is not on this machine, so the 12 MB module is left out");
        }

        yield return new Subject("medium", Path.Combine(folder, "medium.wasm"), "run");
        yield return new Subject("sha256", Path.Combine(folder, "sha256.wasm"), "run");
    }

    private static void Measure(Subject subject, PeerProcess? peer, BenchReport report)
    {
        byte[] bytes = File.ReadAllBytes(subject.Path);
        var ours = new List<Times>(Rounds);
        var theirs = new List<Times>(Rounds);
        for (int round = 0; round < Rounds; round++)
        {
            Times our = RunOnce(subject, bytes);
            ours.Add(our);
            if (peer is null) continue;
            Times their = peer.Ask<Times>(new { op = "first", path = subject.Path, invoke = subject.Export, text = subject.Text });
            theirs.Add(their);
            if (our.Result != their.Result)
            {
                throw new CommandException(
                    $"{subject.Name}: the first call's results differ: '{our.Result}' here, '{their.Result}' in {peer.Name}",
                    ExitCode.Failed);
            }
        }

        string name = $"{subject.Name} ({Size(bytes.Length)})";
        AddRow("decode and validate", times => times.ValidateNs);
        AddRow("compile", times => times.CompileNs);
        AddRow("instantiate", times => times.InstantiateNs);
        AddRow("first call", times => times.CallNs);
        AddRow("bytes to first result", times => times.TotalNs);
        Times first = ours[0];
        report.Note(
            $"{name}, the first of {Rounds} rounds: decode and validate {Milliseconds(first.ValidateNs)}, "
            + $"compile {Milliseconds(first.CompileNs)}, instantiate {Milliseconds(first.InstantiateNs)}, first call {Milliseconds(first.CallNs)}");

        report.Note(Unoptimised(name, subject, bytes));

        void AddRow(string step, Func<Times, double> nanoseconds)
        {
            double? their = peer is null ? null : BenchReport.Median([.. theirs.Select(nanoseconds)]) / 1e6;
            double our = BenchReport.Median([.. ours.Select(nanoseconds)]) / 1e6;
            report.Add(new BenchRow($"{name}: {step}", "ms", our, their, peer?.Name, InGeomean: false));
        }
    }

    private static Times RunOnce(Subject subject, byte[] bytes)
    {
        long start = Stopwatch.GetTimestamp();
        ModuleValidator.Validate(ModuleReader.Read(bytes, subject.Name));
        double validate = Lap(ref start);
        var engine = new ManagedEngine();
        CompiledModule module = engine.Compile(bytes, subject.Name);
        double compile = Lap(ref start);
        using Store store = engine.CreateStore();
        Instance instance = module.Instantiate(store);
        double instantiate = Lap(ref start);
        string result = Call(subject, instance);
        double call = Lap(ref start);
        return new Times(validate, compile, instantiate, call, result);
    }

    /// <summary>Says which functions the JIT does not optimise, first of those that the first call needs, then of all.</summary>
    private static string Unoptimised(string name, Subject subject, byte[] bytes)
    {
        CompiledModule module = new ManagedEngine().Compile(bytes, subject.Name);
        using (Store store = module.Engine.CreateStore()) Call(subject, module.Instantiate(store));
        int atFirst = module.CompiledFunctions, unoptimisedAtFirst = module.UnoptimisedFunctions.Count;
        module.CompileAll();
        uint[] unoptimised = [.. module.UnoptimisedFunctions.Order()];
        string list = string.Join(", ", unoptimised.Select(index => $"{index} {module.Module.Names.Function(index)}".TrimEnd()));
        return $"{name}: the first call compiles {atFirst} of {module.CompiledFunctions} functions, of which the JIT leaves "
            + $"{unoptimisedAtFirst} unoptimised; of all, {unoptimised.Length}{(list == "" ? "" : $": {list}")}";
    }

    private static double Lap(ref long since)
    {
        long now = Stopwatch.GetTimestamp();
        double nanoseconds = Stopwatch.GetElapsedTime(since, now).TotalNanoseconds;
        since = now;
        return nanoseconds;
    }

    private static string Call(Subject subject, Instance instance) =>
        subject.Text is null ? CallRun(instance, subject.Export) : CallWithText(instance, subject.Export, subject.Text);

    private static string CallRun(Instance instance, string export)
    {
        Value result = instance.GetFunction(export).Invoke(Value.FromI32(1))[0];
        return result.ToString();
    }

    private static string CallWithText(Instance instance, string export, string text)
    {
        byte[] input = Encoding.UTF8.GetBytes(text);
        var allocate = instance.GetFunction("cabi_realloc").CreateDelegate<Func<int, int, int, int, int>>();
        var function = instance.GetFunction(export).CreateDelegate<Func<int, int, int>>();
        LinearMemory memory = instance.GetMemory("memory");
        int at = allocate(0, 0, 1, input.Length);
        input.CopyTo(memory.Slice((uint)at, (uint)input.Length));
        ReadOnlySpan<byte> result = memory.Slice((uint)function(at, input.Length), 8);
        uint address = BinaryPrimitives.ReadUInt32LittleEndian(result), length = BinaryPrimitives.ReadUInt32LittleEndian(result[4..]);
        return Encoding.UTF8.GetString(memory.Slice(address, length));
    }

    private static string Milliseconds(double nanoseconds) => string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1e6:0.0} ms");

    private static string Size(int bytes) => string.Create(
        CultureInfo.InvariantCulture, $"{(bytes < 1 << 20 ? bytes / 1024.0 : bytes / 1048576.0):0.#} {(bytes < 1 << 20 ? "KB" : "MB")}");

    private sealed class TemporaryFile : IDisposable
    {
        public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"chain-bench-{Guid.NewGuid():n}.wasm");

        public void Dispose() => File.Delete(Path);
    }
}
