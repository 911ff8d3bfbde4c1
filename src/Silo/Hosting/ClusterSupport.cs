namespace Chain.Silo.Hosting;

/// <summary>Whether several silos can be one cluster: that needs Orleans, which a build may have been made without.</summary>
public static class ClusterSupport
{
    /// <summary>Whether Orleans is in this build (the MSBuild property <c>UseOrleans</c>).</summary>
    public static bool IsBuiltIn =>
#if ORLEANS
        true;
#else
        false;
#endif
}
