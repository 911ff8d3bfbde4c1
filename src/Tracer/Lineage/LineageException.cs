namespace Chain.Tracer.Lineage;

/// <summary>What was asked for is not in the store, or cannot be answered within the limits; the message is one line for whoever asked.</summary>
public sealed class LineageException(string message) : Exception(message);
