namespace Chain.Tests;

/// <summary>What code allocates on the thread that runs it.</summary>
internal static class AllocatedBytes
{
    private const int Rounds = 10;

    /// <summary>The fewest bytes that a run of it allocated. What it allocates itself shows in every run.</summary>
    /// <remarks>A collection that another test causes counts what is left of this thread's block as allocated, so that one run alone says too much.</remarks>
    public static long Least(Action run)
    {
        long least = long.MaxValue;
        for (int round = 0; round < Rounds && least > 0; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            run();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
