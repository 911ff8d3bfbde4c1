using Chain.Silo.Applications;
using Chain.Silo.Hosting.Local;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Chain.Silo.Api;

/// <summary><c>/apps</c> and <c>/components</c>.</summary>
internal static class ApplicationEndpoints
{
    private const string Anonymous = "api";

    public static void Map(RouteGroupBuilder routes, NodeApi api, ApiOptions options)
    {
        routes.MapGet("/apps", () => api.Running())
            .WithName("apps").WithTags("applications").WithSummary("The applications that run.");
        routes.MapGet("/apps/{app}", (string app, CancellationToken cancellation) => api.DetailsAsync(app, cancellation))
            .WithName("app").WithTags("applications").WithSummary("An application: its versions, and what runs of it.")
            .ProducesProblem(StatusCodes.Status404NotFound);
        routes.MapPost("/apps", (HttpRequest request, CancellationToken cancellation) => DeployAsync(api, request, options, cancellation))
            .WithName("deploy").WithTags("applications")
            .WithSummary("Deploys an application: all of it, or nothing and the version before goes on answering.")
            .WithDescription(
                "A form with the parts `manifest` (the text of chain.yaml, with its file's name), `component` (the bytes of one, its file name the component's name), "
                + "`policy` (a file, named as the manifest sees it), `alerts` (a file), `folder` (to which directories of the host are relative) and `author`.")
            .Accepts<DeployForm>("multipart/form-data")
            .WithMetadata(new RequestSizeLimitAttribute(options.DeployBytes))
            .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity);
        routes.MapPost("/apps/{app}/rollback", async (string app, RollbackRequest request, CancellationToken cancellation) =>
                api.Answer(await api.Applications.RollbackAsync(app, request.To, request.Author ?? Anonymous, cancellation).ConfigureAwait(false)))
            .WithName("rollback").WithTags("applications").WithSummary("Makes an earlier version answer again.")
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        routes.MapDelete("/apps/{app}", async Task<NoContent> (string app, string? author, CancellationToken cancellation) =>
            {
                await api.Applications.RemoveAsync(app, author ?? Anonymous, cancellation).ConfigureAwait(false);
                return TypedResults.NoContent();
            })
            .WithName("remove").WithTags("applications").WithSummary("Ends an application; its versions stay in the store.")
            .ProducesProblem(StatusCodes.Status404NotFound);
        routes.MapGet("/components/{digest}", async (string digest, CancellationToken cancellation) =>
                await api.Applications.Store.FindComponentAsync(digest, cancellation).ConfigureAwait(false) is { } bytes
                    ? TypedResults.Bytes(bytes, "application/wasm")
                    : throw new KeyNotFoundException($"the store has no component {digest}"))
            .WithName("component").WithTags("applications").WithSummary("The bytes of a component that any version has.")
            .Produces<FileContentHttpResult>(StatusCodes.Status200OK, "application/wasm").ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static async Task<DeployAnswer> DeployAsync(NodeApi api, HttpRequest request, ApiOptions options, CancellationToken cancellation)
    {
        (ApplicationBundle bundle, string? author) = await BundleForm.ReadAsync(request, options.DeployBytes, cancellation).ConfigureAwait(false);
        Deployment deployment = await api.Applications.DeployAsync(bundle, author ?? Anonymous, cancellation).ConfigureAwait(false);
        await api.SpreadAsync(deployment.Plan.Name, cancellation).ConfigureAwait(false);
        return api.Answer(deployment);
    }
}
