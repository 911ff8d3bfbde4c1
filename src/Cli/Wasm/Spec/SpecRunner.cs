using System.Collections.Concurrent;

namespace Chain.Cli.Wasm.Spec;

/// <summary>A command that did not pass.</summary>
/// <param name="Script">The path of the script.</param>
/// <param name="Line">The line in the script's text file.</param>
/// <param name="Command">The command's type.</param>
/// <param name="Verdict">Failed or skipped.</param>
/// <param name="Detail">Why.</param>
internal sealed record Remark(string Script, int Line, string Command, Verdict Verdict, string Detail);

/// <summary>The result of one script.</summary>
internal sealed record ScriptResult(string Name, string Path, int Passed, int Failed, int Skipped, TimeSpan Duration, IReadOnlyList<Remark> Remarks);

/// <summary>Runs scripts, several at a time, and counts every command of theirs.</summary>
/// <param name="createHarness">Makes what carries out one script's commands; it is called on several threads.</param>
internal sealed class SpecRunner(Func<ScriptFolder, Script, ISpecHarness> createHarness)
{
    // A harness decodes, compiles and formats on this thread besides running guests.
    private const int StackBytes = 16 * 1024 * 1024;

    /// <summary>Runs all scripts; the results are in the order of the scripts.</summary>
    /// <param name="scripts">What to run.</param>
    /// <param name="jobs">How many at a time, at least 1.</param>
    /// <param name="cancellation">Ends the run between two commands.</param>
    /// <exception cref="CommandException">A file is no script.</exception>
    public IReadOnlyList<ScriptResult> Run(IReadOnlyList<ScriptFolder> scripts, int jobs, CancellationToken cancellation = default)
    {
        var results = new ScriptResult[scripts.Count];
        var errors = new ConcurrentQueue<Exception>();
        int next = -1;
        var threads = new Thread[Math.Clamp(jobs, 1, Math.Max(1, scripts.Count))];
        for (int i = 0; i < threads.Length; i++)
        {
            threads[i] = new Thread(Work, StackBytes) { IsBackground = true, Name = $"spec {i}" };
            threads[i].Start();
        }

        foreach (Thread thread in threads) thread.Join();
        if (errors.TryDequeue(out Exception? error)) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(error);
        return results;

        void Work()
        {
            try
            {
                for (int i; errors.IsEmpty && (i = Interlocked.Increment(ref next)) < scripts.Count;) results[i] = Run(scripts[i], cancellation);
            }
            catch (Exception e)
            {
                errors.Enqueue(e);
            }
        }
    }

    private ScriptResult Run(ScriptFolder folder, CancellationToken cancellation)
    {
        long started = Environment.TickCount64;
        Script script = folder.ReadScript();
        var counts = new int[3];
        var remarks = new List<Remark>();
        using ISpecHarness harness = createHarness(folder, script);
        foreach (ScriptCommand command in script.Commands)
        {
            cancellation.ThrowIfCancellationRequested();
            Outcome outcome = Execute(harness, command);
            counts[(int)outcome.Verdict]++;
            if (outcome.Verdict != Verdict.Passed) remarks.Add(new Remark(folder.Path, command.Line, command.Type, outcome.Verdict, outcome.Detail));
        }

        TimeSpan duration = TimeSpan.FromMilliseconds(Environment.TickCount64 - started);
        return new ScriptResult(
            folder.Name, folder.Path, counts[(int)Verdict.Passed], counts[(int)Verdict.Failed], counts[(int)Verdict.Skipped], duration, remarks);
    }

    private static Outcome Execute(ISpecHarness harness, ScriptCommand command)
    {
        try
        {
            return harness.Execute(command);
        }
        catch (Exception e)
        {
            // Whatever it is: one command's fault must not hide what the others do.
            return Outcome.Failed($"unexpected {e.GetType().Name}: {e.Message}");
        }
    }
}
