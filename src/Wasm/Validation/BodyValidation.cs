using System.Runtime.ExceptionServices;
using Chain.Wasm.Binary;

namespace Chain.Wasm.Validation;

/// <summary>Validates all function bodies of a module, on several threads where there is much to do.</summary>
internal static class BodyValidation
{
    // Below this much code a second thread costs more than it gains.
    private const int ParallelBytes = 256 * 1024;
    private const int MostThreads = 8;

    // What a thread takes at a time.
    private const int BatchBytes = 32 * 1024;

    /// <exception cref="WasmException">
    /// A body is malformed or breaks a rule: the first such body in the module, whatever the threads do.
    /// </exception>
    public static void Validate(ModuleContext context)
    {
        long bytes = 0;
        foreach (FunctionBody body in context.Module.Bodies) bytes += body.Bytes.Length;
        int threads = bytes < ParallelBytes ? 1 : Math.Min(Environment.ProcessorCount, MostThreads);
        var work = new Work(context);
        if (threads == 1) work.Run();
        else Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, _ => work.Run());
        work.Failure?.Throw();
    }

    private sealed class Work(ModuleContext context)
    {
        private readonly Lock gate = new();
        private readonly FunctionBody[] bodies = context.Module.Bodies;
        private readonly int imported = context.Module.ImportCount(ExternalKind.Function);
        private int next;
        private int failed = int.MaxValue;

        public ExceptionDispatchInfo? Failure { get; private set; }

        public void Run()
        {
            var validator = new FunctionValidator(context);
            while (TakeBatch(out int from, out int to))
            {
                for (int i = from; i < to; i++)
                {
                    try
                    {
                        validator.ValidateBody((uint)(imported + i));
                    }
                    catch (WasmException failure)
                    {
                        Report(i, failure);
                        return;
                    }
                }
            }
        }

        // Batches are taken in order, so whatever stands before a failure has been taken before it.
        private bool TakeBatch(out int from, out int to)
        {
            lock (gate)
            {
                from = next;
                int bytes = 0;
                while (next < bodies.Length && next < failed && bytes < BatchBytes) bytes += bodies[next++].Bytes.Length;
                to = next;
                return to > from;
            }
        }

        private void Report(int index, WasmException failure)
        {
            lock (gate)
            {
                if (index >= failed) return;
                failed = index;
                Failure = ExceptionDispatchInfo.Capture(failure);
            }
        }
    }
}
