using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Chain.Silo.Api;

/// <summary>What the OpenAPI document says besides what the endpoints say of themselves.</summary>
internal static class ApiDocument
{
    private const string Bearer = "bearer";
    private const string AnyFailure = "default";

    public static void Describe(OpenApiOptions options) => options
        .AddDocumentTransformer(static (document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "Chain",
                Version = "v1",
                Description = "A node of Chain: its applications, calls, logs and alerts. Every request shows the token of the node's folder.",
            };
            document.Servers = [];
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
            {
                [Bearer] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = Bearer, Description = "The content of the file `token`." },
            };
            document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Bearer, document)] = [] }];
            return Task.CompletedTask;
        })
        .AddOperationTransformer(static async (operation, context, cancellation) =>
        {
            IOpenApiSchema problem = await context.GetOrCreateSchemaAsync(typeof(Problem), null, cancellation).ConfigureAwait(false);
            operation.Responses ??= [];
            operation.Responses[AnyFailure] = new OpenApiResponse
            {
                Description = "A problem (RFC 9457).",
                Content = new Dictionary<string, OpenApiMediaType> { [Problem.MediaType] = new() { Schema = problem } },
            };
        });
}
