using System.Globalization;
using Spectre.Console;

namespace Chain.Cli.Output;

/// <summary>Says on standard error how far long work is; silent where that is no terminal.</summary>
internal static class Progress
{
    /// <summary>Does work of a known size with a bar.</summary>
    public static Task Of(string what, int total, Func<IProgress<int>, Task> work)
    {
        IAnsiConsole console = Console();
        if (!console.Profile.Out.IsTerminal) return work(new Told<int>(_ => { }));
        return console.Progress().AutoClear(true).StartAsync(async context =>
        {
            ProgressTask task = context.AddTask(what, maxValue: total);
            await work(new Told<int>(done => task.Value = done));
        });
    }

    /// <summary>Does work of an unknown size, with what was reported last.</summary>
    public static Task<T> Of<T>(string what, Func<IProgress<string>, Task<T>> work)
    {
        IAnsiConsole console = Console();
        if (!console.Profile.Out.IsTerminal) return work(new Told<string>(_ => { }));
        return console.Status().StartAsync(Markup.Escape(what), context => work(new Told<string>(at => context.Status(Markup.Escape(string.Create(CultureInfo.InvariantCulture, $"{what}: {at}"))))));
    }

    private static IAnsiConsole Console() => AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(System.Console.Error) });

    // Progress<T> would report on another thread, after the work is done.
    private sealed class Told<T>(Action<T> tell) : IProgress<T>
    {
        public void Report(T value) => tell(value);
    }
}
