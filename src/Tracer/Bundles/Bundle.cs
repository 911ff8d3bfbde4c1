namespace Chain.Tracer.Bundles;

/// <summary>A call in a bundle; as in <c>call</c>, without its trace.</summary>
/// <param name="Id">The call.</param>
/// <param name="Parent">The caller's call; 0 for none.</param>
/// <param name="Shape">Row of <c>shape</c>.</param>
/// <param name="Labels">Row of <c>labels</c>.</param>
/// <param name="Duration">Microseconds.</param>
/// <param name="SizeIn">Bytes; -1: see <c>call_size</c>.</param>
/// <param name="SizeOut">Likewise.</param>
internal readonly record struct BundledCall(long Id, long Parent, int Shape, int Labels, float Duration, short SizeIn, short SizeOut);

/// <summary>A flow into a call of a bundle; as in <c>flow</c>.</summary>
/// <param name="Call">Index of the destination among the bundle's calls.</param>
/// <param name="Source">The call that the data came from.</param>
/// <param name="SourceTrace">Key of the source's trace; 0 when it was not known, or is not native.</param>
/// <param name="Label">Row of <c>label</c>.</param>
/// <param name="Part">0 into the arguments, 1 into the result.</param>
/// <param name="State">Row of <c>state_key</c>; 0 for none.</param>
internal readonly record struct BundledFlow(int Call, long Source, long SourceTrace, int Label, short Part, int State);
