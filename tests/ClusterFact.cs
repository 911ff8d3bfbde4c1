using Chain.Silo.Hosting;
using Chain.Tracer.Storage;

namespace Chain.Tests;

/// <summary>A fact that needs a cluster of silos, and so Orleans and Postgres; it is skipped, with that reason, where either is absent.</summary>
internal sealed class ClusterFactAttribute : FactAttribute
{
    public ClusterFactAttribute() => Skip = WhyNot;

    internal static string? WhyNot =>
        !ClusterSupport.IsBuiltIn ? "needs Orleans, which this build was made without; CHAIN_ORLEANS=retry ./chain test tries to get it"
        : PostgresBinaries.Search() is null ? "needs PostgreSQL 15 or later, which is not on this machine"
        : null;
}

/// <inheritdoc cref="ClusterFactAttribute"/>
internal sealed class ClusterTheoryAttribute : TheoryAttribute
{
    public ClusterTheoryAttribute() => Skip = ClusterFactAttribute.WhyNot;
}
