using System.Runtime.ExceptionServices;
using Chain.Wasm.Execution;

namespace Chain.Cli.Wasm;

/// <summary>Runs guests on threads whose stacks hold what they may use.</summary>
internal static class GuestThread
{
    // Compiler, formatting and the engine itself need some stack besides the guest.
    private const int OwnStackBytes = 4 * 1024 * 1024;

    /// <summary>Runs something on a thread of its own, whose stack holds <see cref="StoreLimits.StackBytes"/>, and waits for it.</summary>
    public static T Run<T>(StoreLimits limits, Func<T> work)
    {
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        int stack = (int)Math.Min((long)limits.StackBytes + OwnStackBytes, int.MaxValue);
        var thread = new Thread(
            () =>
            {
                try
                {
                    result = work();
                }
                catch (Exception e)
                {
                    failure = ExceptionDispatchInfo.Capture(e);
                }
            },
            stack) { Name = "guest" };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }
}
