namespace Chain.Wasm.Wasi.Filesystem;

/// <summary>What a store's guests have open on the host: bounded, and closed with the store whether or not guests dropped their handles.</summary>
internal sealed class OpenFiles(int most)
{
    private readonly HashSet<OpenFile> open = [];

    /// <summary>Whether no more may be opened.</summary>
    public bool IsFull => open.Count >= most;

    public void Add(OpenFile resource)
    {
        open.Add(resource);
        resource.Owner = this;
    }

    public void Remove(OpenFile resource) => open.Remove(resource);

    public void CloseAll()
    {
        foreach (OpenFile resource in open) resource.Close();
        open.Clear();
    }
}

/// <summary>Something open on the host, shared by handles and streams of one store's thread; closed when the last lets it go.</summary>
internal abstract class OpenFile
{
    private int users = 1;

    /// <summary>Where it is counted; preopened directories nowhere.</summary>
    public OpenFiles? Owner { get; set; }

    public void Retain()
    {
        if (Owner is not null) users++;
    }

    public void Release()
    {
        if (Owner is null || --users > 0) return;
        Owner.Remove(this);
        Close();
    }

    /// <summary>Closes it; later use fails with <see cref="ErrorCode.BadDescriptor"/>.</summary>
    public abstract void Close();
}
