using Orleans;

namespace Chain.Silo.Hosting.Cluster.Letters;

/// <summary>A call, or its reply, as <see cref="CallFormat"/> writes it. Orleans carries the bytes and looks at none: types of its own cost several times as much.</summary>
[GenerateSerializer, Immutable, Alias("chain.letter")]
internal sealed record Letter([property: Id(0)] byte[] Bytes);
