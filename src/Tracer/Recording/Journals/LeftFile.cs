namespace Chain.Tracer.Recording.Journals;

/// <summary>A file that a killed process left; removed when each of its frames is kept, or set aside where it was damaged.</summary>
internal sealed class LeftFile : IFrameFile
{
    private readonly string _path;
    private readonly bool _isDamaged;
    private int _waiting;

    private LeftFile(string path, int waiting, bool isDamaged)
    {
        _path = path;
        _waiting = waiting;
        _isDamaged = isDamaged;
    }

    /// <summary>Reads one.</summary>
    /// <param name="path">Its name.</param>
    /// <param name="damaged">How many places do not read.</param>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static IReadOnlyList<LeftFrame> Read(string path, out int damaged)
    {
        byte[] bytes = File.ReadAllBytes(path);
        List<(int Offset, int Length)> frames = JournalLayout.Read(bytes, out damaged);
        var file = new LeftFile(path, frames.Count, damaged > 0);
        if (frames.Count == 0) file.Leave();
        return
        [
            .. frames.Select(one => new LeftFrame(
                bytes.AsSpan(one.Offset + JournalLayout.FrameHead, one.Length).ToArray(), new FrameTicket(file, one.Offset, JournalLayout.SizeOf(one.Length)))),
        ];
    }

    public void Keep(int offset, int size)
    {
        if (Interlocked.Decrement(ref _waiting) == 0) Leave();
    }

    private void Leave()
    {
        try
        {
            if (_isDamaged) File.Move(_path, Path.ChangeExtension(_path, ".damaged"), overwrite: true);
            else File.Delete(_path);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            // The next process reads it once more, and what it says is stored already.
        }
    }
}
