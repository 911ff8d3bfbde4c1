using System.Diagnostics;
using Chain.Cli.Node;
using Chain.Silo.Api;
using Chain.Silo.Hosting;
using Chain.Wasm.Text;

namespace Chain.Cli.Cluster;

/// <summary>
/// Keeps one silo running in a process of its own. Where it dies it is started again, each time after a longer pause; one that was drained, or ended
/// by itself, stays ended until somebody restarts it. Safe for any thread.
/// </summary>
/// <param name="request">What it runs.</param>
/// <param name="token">The file of the token that all silos share.</param>
/// <param name="changed">Called when it is reached otherwise than before, or no more.</param>
internal sealed class SiloKeeper(UpRequest request, string token, Action changed) : IDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    // One that ran this long is sound: the next time that it dies, the first pause is short again.
    private static readonly TimeSpan Sound = TimeSpan.FromMinutes(1);

    // A silo that ends waits for its calls, its cluster and its store; one that starts may have to wait for the one before it.
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(2);

    private readonly SemaphoreSlim restarting = new(1, 1);
    private readonly SemaphoreSlim wake = new(0);
    private readonly CancellationTokenSource ending = new();
    private readonly string folder = request.Node.Folder;
    private readonly string log = Path.Combine(request.Node.Folder, OwnProcess.LogFile);
    private Task keeping = Task.CompletedTask;
    private NodeDescription? before;
    private TaskCompletionSource? answer;
    private volatile SiloRun? run;
    private volatile string state = "starting";
    private volatile string? last;
    private int restarts;

    public string Name => request.Node.Name;

    /// <summary>How the silo is reached; <see langword="null"/> while it is not.</summary>
    public NodeDescription? Description { get; private set; }

    public SiloProcess State
    {
        get
        {
            NodeDescription? node = Description;
            return new SiloProcess(
                Name, node is { IsDrained: true } ? "drained" : state, Volatile.Read(ref restarts), log, run is { HasEnded: false } now ? now.Pid : null, node?.Url, node?.Http, last);
        }
    }

    /// <summary>Starts it, and waits until it answers. Once.</summary>
    /// <exception cref="CommandException">It ended instead; the message is its own.</exception>
    public async Task StartAsync(CancellationToken cancellation)
    {
        Task answers = NextAnswer();
        keeping = Task.Run(KeepAsync, CancellationToken.None);
        await answers.WaitAsync(cancellation);
    }

    /// <summary>Drains it, ends its process, starts it again and waits until it answers.</summary>
    /// <exception cref="ClusterException">It did not start again; that is tried on.</exception>
    public async Task RestartAsync()
    {
        await restarting.WaitAsync(ending.Token);
        try
        {
            Task answers = NextAnswer();
            if (run is { HasEnded: false } now)
            {
                now.IsToEnd = true;
                state = "draining";
                await DrainAsync();
                await now.EndAsync(EndPatience);
            }
            else
            {
                wake.Release();
            }

            await answers.WaitAsync(StartPatience, ending.Token);
        }
        catch (TimeoutException)
        {
            throw new ClusterException($"silo {Name} was ended and does not answer again after {StartPatience.TotalSeconds:0} s; see {log}");
        }
        catch (CommandException failure)
        {
            throw new ClusterException($"silo {Name} was ended and does not start again: {failure.Message}", failure);
        }
        catch (OperationCanceledException)
        {
            throw new ClusterException($"silo {Name} is not started again, as all of them end");
        }
        finally
        {
            restarting.Release();
        }
    }

    /// <summary>Ends it for good: calls under way finish first.</summary>
    public async Task EndAsync()
    {
        await ending.CancelAsync();
        if (run is { } now) await now.EndAsync(EndPatience);
        await keeping;
    }

    /// <summary>Ends it for good, at once.</summary>
    public void Kill()
    {
        ending.Cancel();
        run?.Kill();
    }

    public void Dispose()
    {
        run?.Dispose();
        ending.Dispose();
        restarting.Dispose();
        wake.Dispose();
    }

    private Task NextAnswer() => (answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>One process after the other, until all ends.</summary>
    private async Task KeepAsync()
    {
        int deaths = 0;
        try
        {
            for (bool isFirst = true; ; isFirst = false)
            {
                (SiloRun ended, bool hasAnswered, bool wasDrained) = await RunAsync();
                if (ending.IsCancellationRequested) return;
                if (ended.IsToEnd) continue;
                if (!hasAnswered) answer?.TrySetException(OwnProcess.Failure(log, ended.LogBefore, ended.ExitCode));

                // Who starts it the first time is told, and gives up.
                if (isFirst && !hasAnswered) return;
                deaths = ended.Lasted > Sound ? 1 : deaths + 1;
                if (hasAnswered && (ended.ExitCode == 0 || wasDrained))
                {
                    deaths = 0;
                    state = "ended";
                    Say($"{last}; it is started again with: chain restart --silo {Name}");
                    await wake.WaitAsync(ending.Token);
                    continue;
                }

                TimeSpan pause = PauseAfter(deaths);
                state = "waiting";
                Say($"{last}; it is started again in {pause.TotalSeconds:0.##} s");
                await wake.WaitAsync(pause, ending.Token);
                Interlocked.Increment(ref restarts);
            }
        }
        catch (OperationCanceledException)
        {
            // All of them end.
        }
        catch (Exception failure)
        {
            // Such as a folder that cannot be written: whoever waits is told, and otherwise the log.
            if (answer?.TrySetException(failure) != true) Say($"cannot be started: {failure.Message}");
            state = "ended";
        }
    }

    /// <summary>One process, from its start to its end.</summary>
    private async Task<(SiloRun Ended, bool HasAnswered, bool WasDrained)> RunAsync()
    {
        state = "starting";
        Directory.CreateDirectory(folder);

        // One that a killed supervisor left has the folder for as long as its last calls take.
        while (NodeFolder.Look(folder).IsHeld) await Task.Delay(Poll, ending.Token);
        File.Copy(token, Path.Combine(folder, ApiToken.FileName), overwrite: true);
        while (wake.Wait(0, CancellationToken.None))
        {
        }

        run?.Dispose();
        var now = new SiloRun(OwnProcess.LengthOf(log), OwnProcess.Start(Path.GetFullPath(log), Again().Arguments(folder), request.Node.Postgres, isSupervised: true));
        run = now;
        if (ending.IsCancellationRequested) await now.EndAsync(EndPatience);
        (bool hasAnswered, bool wasDrained, before) = (false, false, null);
        while (!now.HasEnded)
        {
            NodeDescription? node = NodeFolder.Look(folder).Node;
            if (node?.Pid == now.Pid && node != Description)
            {
                Description = before = node;
                wasDrained = node.IsDrained;
                if (!hasAnswered) state = "running";
                hasAnswered = true;
                changed();

                // One that is drained to be restarted says so, and is not what is waited for.
                if (!now.IsToEnd) answer?.TrySetResult();
            }

            await Task.WhenAny(now.Ended, Task.Delay(hasAnswered ? Poll * 5 : Poll));
        }

        Description = null;
        last = $"process {now.Pid} ended {Signals.HowEnded(now.ExitCode)}";
        changed();
        return (now, hasAnswered, wasDrained);
    }

    /// <summary>What is started next: on the ports that the one before had, so that clients find it; not where that one did not get to answer.</summary>
    private UpRequest Again() => before is { } last
        ? request with { Node = request.Node with { Port = new Uri(last.Http).Port }, ApiPort = new Uri(last.Url).Port }
        : request;

    // Its end does the same once more, but then it cannot be asked how it is.
    private async Task DrainAsync()
    {
        if (Description is not { IsDrained: false } node) return;
        using NodeClient client = NodeClient.Open(folder, node);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ending.Token);
        patience.CancelAfter(EndPatience);
        try
        {
            await client.PostAsync($"silos/{NodeCommand.Part(Name)}/drain", patience.Token);
        }
        catch (Exception failure) when (failure is CommandException or ApiException or OperationCanceledException)
        {
            if (!ending.IsCancellationRequested) Say($"cannot be drained and is ended as it is: {failure.Message}");
        }
    }

    private void Say(string what) => Console.Error.WriteLine($"chain: silo {Name}: {TextLiteral.OneLine(what)}");

    private static TimeSpan PauseAfter(int deaths) =>
        TimeSpan.FromTicks(Math.Min(FirstPause.Ticks << Math.Clamp(deaths - 1, 0, 16), LongestPause.Ticks));
}
