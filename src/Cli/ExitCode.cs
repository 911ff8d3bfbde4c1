namespace Chain.Cli;

/// <summary>What the process answers to its caller.</summary>
internal static class ExitCode
{
    /// <summary>All went well.</summary>
    public const int Ok = 0;

    /// <summary>The command ran and found what it looks for: a failing test, a trap, a violation.</summary>
    public const int Failed = 1;

    /// <summary>What the command was given is wrong: an option, a file, a value.</summary>
    public const int BadInput = 2;

    /// <summary>Something that the command needs is not there, such as Postgres or Node.</summary>
    public const int Unavailable = 3;

    /// <summary>A fault of Chain itself; please report it.</summary>
    public const int Internal = 70;

    /// <summary>Stopped from the keyboard (128 + SIGINT).</summary>
    public const int Interrupted = 130;
}
