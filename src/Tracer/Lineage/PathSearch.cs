namespace Chain.Tracer.Lineage;

/// <summary>Breadth-first searches over values, a whole level at a time, so that the store is asked once for all of a level.</summary>
internal static class PathSearch
{
    /// <summary>Walks from both ends until they meet, always on the side whose front is narrower; the value where the shortest way passes, or -1.</summary>
    public static async Task<int> MeetAsync(ValueWalk back, ValueWalk forth, Func<ValueWalk, List<int>, Task> ask, Action requireRoom)
    {
        foreach (int value in forth.Met)
        {
            if (back.Has(value)) return value;
        }

        int backFront = 0, forthFront = 0;
        while (backFront < back.Met.Count && forthFront < forth.Met.Count)
        {
            requireRoom();
            bool backwards = back.Met.Count - backFront <= forth.Met.Count - forthFront;
            (ValueWalk walk, ValueWalk other) = backwards ? (back, forth) : (forth, back);
            int front = backwards ? backFront : forthFront, end = walk.Met.Count;
            await AskForAsync(walk, front, end, ask);
            for (int i = front; i < end; i++) walk.Expand(walk.Met[i]);
            // The other side's front is the only place they can meet, or they would have met before; so any meeting is as good as another.
            for (int i = end; i < walk.Met.Count; i++)
            {
                if (other.Has(walk.Met[i])) return walk.Met[i];
            }

            if (backwards) backFront = end;
            else forthFront = end;
        }

        requireRoom();
        return -1;
    }

    /// <summary>Walks back until a value that nothing else explains: the nearest source of what the walk follows.</summary>
    public static async Task<int> SourceAsync(ValueWalk back, Func<ValueWalk, List<int>, Task> ask, Action requireRoom)
    {
        for (int front = 0; front < back.Met.Count;)
        {
            requireRoom();
            int end = back.Met.Count;
            await AskForAsync(back, front, end, ask);
            for (; front < end; front++)
            {
                if (!back.Expand(back.Met[front])) return back.Met[front];
            }
        }

        requireRoom();
        // Two values may explain each other, where a clock stood still; then the farthest is as good a source as any.
        return back.Met[^1];
    }

    /// <summary>The steps from a value that a backward walk met to where that walk began.</summary>
    public static List<PathStep> FromStart(ValueWalk back, int value)
    {
        var steps = new List<PathStep> { new(value, default, -1) };
        while (back.Step(value) is { } step)
        {
            steps.Add(new PathStep(step.From, step.Kind, step.Flow));
            value = step.From;
        }

        return steps;
    }

    /// <summary>The steps from where the forward walk began to where the backward walk began, by way of a value that both met.</summary>
    public static List<PathStep> Join(ValueWalk back, ValueWalk forth, int meeting)
    {
        var steps = new List<PathStep>();
        int value = meeting;
        while (forth.Step(value) is { } step)
        {
            steps.Add(new PathStep(value, step.Kind, step.Flow));
            value = step.From;
        }

        steps.Add(new PathStep(value, default, -1));
        steps.Reverse();
        steps.AddRange(FromStart(back, meeting).Skip(1));
        return steps;
    }

    private static async Task AskForAsync(ValueWalk walk, int from, int to, Func<ValueWalk, List<int>, Task> ask)
    {
        List<int>? values = null;
        for (int i = from; i < to; i++)
        {
            if (walk.MustAsk(walk.Met[i])) (values ??= []).Add(walk.Met[i]);
        }

        if (values is not null) await ask(walk, values);
    }
}

/// <summary>A value on a way, and how the data came to it from the one before.</summary>
internal readonly record struct PathStep(int Value, EdgeKind Kind, int Flow);
