using System.Collections.Concurrent;
using Chain.Silo.Applications;
using Chain.Silo.Hosting.Local;
using Chain.Tests;
using Microsoft.Extensions.Logging;

namespace Chain.Silo.Tests.Hosting;

/// <summary>A node on a store that others have too, with the lines that it logs.</summary>
internal sealed class StoreNode : IAsyncDisposable, ILoggerProvider, ILogger
{
    private readonly string folder = TestPostgres.NewFolder();

    private StoreNode()
    {
    }

    public LocalNode Node { get; private set; } = null!;

    public NodeApplications Applications { get; private set; } = null!;

    public ConcurrentQueue<string> Lines { get; } = new();

    public static async Task<StoreNode> StartAsync(string connection, string name)
    {
        var made = new StoreNode();
        var options = new NodeOptions { Folder = made.folder, Postgres = connection, Name = name };
        made.Node = await LocalNode.StartAsync(options, logging => logging.AddProvider(made));
        made.Applications = new NodeApplications(made.Node);
        Assert.Empty(await made.Applications.ResumeAsync());
        return made;
    }

    public async Task<Deployment> DeployAsync(string folder) => await Applications.DeployAsync(await ApplicationCheck.BundleAsync(folder), "tester");

    /// <summary>Waits until a version answers; <see langword="null"/> for none.</summary>
    public Task UntilAsync(int? version, string application = "ward") => UntilAsync(() => Node.VersionOf(application) == version);

    /// <summary>Waits until something is so.</summary>
    public static Task UntilAsync(Func<bool> isSo) => UntilAsync(() => Task.FromResult(isSo()));

    /// <inheritdoc cref="UntilAsync(Func{bool})"/>
    public static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!await isSo()) await Task.Delay(10, patience.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await Applications.DisposeAsync();
        await Node.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    ILogger ILoggerProvider.CreateLogger(string categoryName) => this;

    void IDisposable.Dispose()
    {
    }

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    bool ILogger.IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Lines.Enqueue(formatter(state, exception));
}
