namespace Chain.Tracer.Tags;

/// <summary>How much a <see cref="LabelStore"/> keeps before it makes labels coarser.</summary>
public sealed record LabelLimits
{
    /// <summary>Most tags in one label. Default 64.</summary>
    public int TagsPerLabel { get; init; } = 64;

    /// <summary>Most labels; the last eighth is kept for coarse ones. Default 65,536.</summary>
    public int Labels { get; init; } = 65_536;
}
