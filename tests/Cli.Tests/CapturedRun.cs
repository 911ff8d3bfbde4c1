using System.Text;

namespace Chain.Cli.Tests;

/// <summary>A run of the command line in this process, with what it printed.</summary>
internal sealed record CapturedRun(int ExitCode, string Output, string Error)
{
    static CapturedRun()
    {
        // The console is one for the process while tests run side by side; each gets its own behind it.
        Console.SetOut(new RoutedWriter(Console.Out, Outputs));
        Console.SetError(new RoutedWriter(Console.Error, Errors));
    }

    private static readonly AsyncLocal<TextWriter?> Outputs = new();
    private static readonly AsyncLocal<TextWriter?> Errors = new();

    public string[] OutputLines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public string[] ErrorLines => Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public static CapturedRun Of(params string[] arguments)
    {
        var output = new StringWriter();
        var error = new StringWriter();
        Outputs.Value = TextWriter.Synchronized(output);
        Errors.Value = TextWriter.Synchronized(error);
        try
        {
            int code = Program.Main(arguments);
            return new CapturedRun(code, output.ToString(), error.ToString());
        }
        finally
        {
            Outputs.Value = null;
            Errors.Value = null;
        }
    }

    /// <summary>Asserts that it ended with one line on standard error and nothing else.</summary>
    public void FailedWith(int exitCode, string line)
    {
        Assert.Equal($"chain: {line}\n", Error);
        Assert.Equal("", Output);
        Assert.Equal(exitCode, ExitCode);
    }

    private sealed class RoutedWriter(TextWriter otherwise, AsyncLocal<TextWriter?> target) : TextWriter
    {
        public override Encoding Encoding => otherwise.Encoding;

        public override void Write(char value) => (target.Value ?? otherwise).Write(value);

        public override void Write(string? value) => (target.Value ?? otherwise).Write(value);

        public override void Write(char[] buffer, int index, int count) => (target.Value ?? otherwise).Write(buffer, index, count);

        public override void Write(ReadOnlySpan<char> buffer) => (target.Value ?? otherwise).Write(buffer);

        public override void Flush() => (target.Value ?? otherwise).Flush();
    }
}
