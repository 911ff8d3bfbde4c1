using System.Diagnostics;
using System.Globalization;
using Chain.Wasm.Execution;
using Chain.Wasm.Execution.Managed;

namespace Chain.Cli.Bench;

/// <summary>Runs kernels in the managed engine, within this process.</summary>
internal sealed class ManagedKernelRunner : IKernelRunner, IDisposable
{
    private readonly ManagedEngine engine = new();
    private readonly Dictionary<string, Func<int, KernelRun>> prepared = [];
    private readonly List<Store> stores = [];

    public void Prepare(Kernel kernel, WarmUp warmUp)
    {
        Store store = engine.CreateStore();
        stores.Add(store);
        Instance instance = engine.Compile(File.ReadAllBytes(kernel.Path), kernel.Name).Instantiate(store);
        Func<int, KernelRun> run = Timed(instance.GetFunction("run"), kernel.Result);
        prepared[kernel.Name] = run;
        long since = Stopwatch.GetTimestamp();
        for (int calls = 0; calls < warmUp.Calls || Stopwatch.GetElapsedTime(since).TotalMilliseconds < warmUp.Milliseconds; calls++)
        {
            run(kernel.N);
        }
    }

    public KernelRun Run(Kernel kernel) => prepared[kernel.Name](kernel.N);

    public void Dispose()
    {
        foreach (Store store in stores) store.Dispose();
    }

    /// <summary>
    /// What this process has used of its processors. A kernel is one busy thread, so that this is its time without what other processes
    /// on the machine took from it.
    /// </summary>
    private static TimeSpan CpuTime => Environment.CpuUsage.TotalTime;

    private static Func<int, KernelRun> Timed(Function function, ChecksumType type)
    {
        switch (type)
        {
            case ChecksumType.I32:
                var i32 = function.CreateDelegate<Func<int, int>>();
                return n =>
                {
                    TimeSpan since = CpuTime;
                    int result = i32(n);
                    TimeSpan until = CpuTime;
                    return new KernelRun((until - since).TotalNanoseconds, result.ToString(CultureInfo.InvariantCulture));
                };
            case ChecksumType.I64:
                var i64 = function.CreateDelegate<Func<int, long>>();
                return n =>
                {
                    TimeSpan since = CpuTime;
                    long result = i64(n);
                    TimeSpan until = CpuTime;
                    return new KernelRun((until - since).TotalNanoseconds, result.ToString(CultureInfo.InvariantCulture));
                };
            default:
                var f64 = function.CreateDelegate<Func<int, double>>();
                return n =>
                {
                    TimeSpan since = CpuTime;
                    double result = f64(n);
                    TimeSpan until = CpuTime;
                    return new KernelRun((until - since).TotalNanoseconds, $"0x{BitConverter.DoubleToUInt64Bits(result):x16}");
                };
        }
    }
}
