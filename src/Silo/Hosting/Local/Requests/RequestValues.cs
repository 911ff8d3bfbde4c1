using System.Text;
using Chain.Silo.Calls;
using Chain.Silo.Hosting.Http;
using Chain.Wasm.Wasi.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Chain.Silo.Hosting.Local.Requests;

/// <summary>What source rules see of a request.</summary>
internal sealed class RequestValues : IRequestValues
{
    private readonly string target;
    private readonly Func<string, string?> header;

    /// <param name="request">The request as a guest has it.</param>
    public RequestValues(IncomingRequest request)
    {
        target = request.PathWithQuery ?? "";
        header = name => request.Headers.Get(name) is { Length: > 0 } values ? string.Join(',', values.Select(Encoding.Latin1.GetString)) : null;
    }

    /// <param name="context">The request as the server has it.</param>
    public RequestValues(HttpContext context)
    {
        target = RequestReader.Target(context);
        header = name => context.Request.Headers.TryGetValue(name, out StringValues values) ? string.Join(',', values.AsEnumerable()) : null;
    }

    public string? Header(string name) => header(name);

    public string? Query(string name)
    {
        int question = target.IndexOf('?', StringComparison.Ordinal);
        if (question < 0) return null;
        foreach (string pair in target[(question + 1)..].Split('&'))
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            string key = Uri.UnescapeDataString((equals < 0 ? pair : pair[..equals]).Replace('+', ' '));
            if (key == name) return equals < 0 ? "" : Uri.UnescapeDataString(pair[(equals + 1)..].Replace('+', ' '));
        }

        return null;
    }
}
