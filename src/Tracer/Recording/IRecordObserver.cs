namespace Chain.Tracer.Recording;

/// <summary>Is shown every batch after it was kept. Whatever it does cannot touch the record.</summary>
public interface IRecordObserver
{
    /// <summary>
    /// Looks at a batch, whose memory is used again when this returns. On the recorder's own thread: it must not block for long.
    /// </summary>
    void Observe(RecordBatch batch, IRecordNames names);
}
