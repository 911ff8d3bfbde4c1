namespace Chain.Cli;

/// <summary>Ends a command with one line on standard error and an exit code; never with a stack trace.</summary>
/// <param name="message">What is wrong, where, what was expected and what was found.</param>
/// <param name="exitCode">One of <see cref="ExitCode"/>.</param>
internal sealed class CommandException(string message, int exitCode = ExitCode.BadInput) : Exception(message)
{
    /// <summary>One of <see cref="Cli.ExitCode"/>.</summary>
    public int ExitCode { get; } = exitCode;
}
