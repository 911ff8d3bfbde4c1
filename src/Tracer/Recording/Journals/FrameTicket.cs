namespace Chain.Tracer.Recording.Journals;

/// <summary>One frame that waits in a <see cref="FrameJournal"/>. Safe for any thread; <c>default</c> stands for a frame that no file has.</summary>
public readonly struct FrameTicket
{
    private readonly IFrameFile? _file;
    private readonly int _offset;
    private readonly int _size;

    internal FrameTicket(IFrameFile file, int offset, int size)
    {
        _file = file;
        _offset = offset;
        _size = size;
    }

    /// <summary>Whether the frame is in memory only, so that it does not survive its process.</summary>
    public bool IsNone => _file is null;

    /// <summary>What the frame says is kept elsewhere, or nobody wants it: a successor must not find it. To be called once.</summary>
    public void Keep() => _file?.Keep(_offset, _size);
}

/// <summary>What a frame is in.</summary>
internal interface IFrameFile
{
    /// <summary>A frame is needed no more.</summary>
    /// <param name="offset">Where it begins, bytes from the file's start.</param>
    /// <param name="size">How long it is with its header, in bytes.</param>
    void Keep(int offset, int size);
}

/// <summary>A frame that a process which did not stop in order has left.</summary>
/// <param name="Payload">What was appended.</param>
/// <param name="Ticket">Says that it is kept.</param>
public readonly record struct LeftFrame(byte[] Payload, FrameTicket Ticket);
