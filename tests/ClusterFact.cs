using Chain.Silo.Hosting;
using Chain.Tracer.Storage;

namespace Chain.Tests;

/// <summary>A fact that needs a cluster of silos, and so Orleans and Postgres; it is skipped, with that reason, where either is absent.</summary>
internal sealed class ClusterFactAttribute : FactAttribute
{
    public ClusterFactAttribute()
    {
        if (!ClusterSupport.IsBuiltIn) Skip = "needs Orleans, which this build was made without; CHAIN_ORLEANS=retry ./chain test tries to get it";
        else if (PostgresBinaries.Search() is null) Skip = "needs PostgreSQL 15 or later, which is not on this machine";
    }
}
