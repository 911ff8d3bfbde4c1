using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Dashboard;

namespace Chain.Silo.Hosting.Cluster;

/// <summary>Serves Orleans' dashboard from a web server that knows nothing of the silo: its endpoints join the server's, and are given the silo's services.</summary>
internal static class DashboardPages
{
    /// <param name="web">The server, before it starts; it has routing already.</param>
    /// <param name="path">Where.</param>
    /// <param name="silo">The silo's services.</param>
    public static void Map(WebApplication web, string path, IServiceProvider silo)
    {
        var routes = new SiloRoutes(silo);
        routes.MapOrleansDashboard(path).WithMetadata(Mark.Instance).ExcludeFromDescription();
        foreach (EndpointDataSource source in routes.DataSources) ((IEndpointRouteBuilder)web).DataSources.Add(source);
        web.Use((context, next) => context.GetEndpoint()?.Metadata.GetMetadata<Mark>() is null ? next(context) : ServeAsync(context, next, silo));
    }

    private static async Task ServeAsync(HttpContext context, RequestDelegate next, IServiceProvider silo)
    {
        IServiceProvider own = context.RequestServices;
        await using AsyncServiceScope scope = silo.CreateAsyncScope();
        context.RequestServices = scope.ServiceProvider;
        try
        {
            await next(context).ConfigureAwait(false);
        }
        finally
        {
            context.RequestServices = own;
        }
    }

    private sealed class Mark
    {
        public static readonly Mark Instance = new();
    }

    private sealed class SiloRoutes(IServiceProvider silo) : IEndpointRouteBuilder
    {
        public IServiceProvider ServiceProvider => silo;

        public ICollection<EndpointDataSource> DataSources { get; } = [];

        public IApplicationBuilder CreateApplicationBuilder() => new ApplicationBuilder(silo);
    }
}
