namespace Chain.Tracer.Storage;

/// <summary>The store, or the Postgres behind it, cannot do what was asked; the message is one line for the person who runs it.</summary>
public sealed class StoreException(string message, Exception? inner = null) : Exception(message, inner);
