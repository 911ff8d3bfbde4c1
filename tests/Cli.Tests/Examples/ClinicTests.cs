using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Chain.Cli.Components;
using Chain.Cli.Demo;
using Chain.Silo.Hosting.Http;
using Chain.Wasm.Components.Text;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Wasi.Http;
using Microsoft.Extensions.Logging;

namespace Chain.Cli.Tests.Examples;

public sealed class ClinicTests
{
    public static TheoryData<string> Components => [.. Clinic.Names];

    [Fact]
    public void EveryComponentThatIsCommittedIsOneOfTheManifest()
    {
        string[] files = [.. Directory.EnumerateFiles(Path.Combine(Clinic.Folder, "components")).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];
        Assert.Equal(Clinic.Names.Select(name => name + ".wasm").Order(StringComparer.Ordinal), files);
        string manifest = File.ReadAllText(Path.Combine(Clinic.Folder, "chain.yaml"));
        foreach (string file in files) Assert.Contains($"path: components/{file}\n", manifest);
    }

    [Theory]
    [MemberData(nameof(Components))]
    public void AComponentIsValidAndHasTheInterfacesOfItsWit(string name)
    {
        ComponentType type = ComponentFile.Read(Clinic.PathOf(name)).Type;
        var printed = new StringWriter();
        new WitText(type).Write(printed);
        WitDeclarations binary = WitDeclarations.Of(printed.ToString());
        WitDeclarations source = WitDeclarations.OfFolder(Path.Combine(Clinic.Folder, "wit"));

        Assert.Equal(source.Worlds[name].Where(IsExport).Order(), binary.Worlds["root"].Where(line => IsExport(line) && IsInterface(line)).Order());
        Assert.Subset(binary.Worlds["root"], source.Worlds[name].Where(line => !IsExport(line)).ToHashSet());
        Assert.NotEmpty(binary.Interfaces);
        foreach ((string path, HashSet<string> declarations) in binary.Interfaces)
        {
            // The rest is WASI's own text, which is not in this repository.
            if (!source.Interfaces.TryGetValue(path, out HashSet<string>? written)) Assert.StartsWith("wasi:", path);
            else if (source.Worlds[name].Contains($"export {path}")) Assert.Equal(written.Order(), declarations.Order());
            else Assert.Subset(written, declarations);
        }

        static bool IsExport(string line) => line.StartsWith("export ", StringComparison.Ordinal);

        // componentize-qjs leaves a function of its own, which its build used.
        static bool IsInterface(string line) => line.Contains('/');
    }

    [Fact]
    public void ItsPoliciesCheckAndTheirTestsPass()
    {
        string policies = Path.Combine(Clinic.Folder, "policies");
        CapturedRun check = CapturedRun.Of("policy", "check", policies, "--strict");
        Assert.True(check.ExitCode == ExitCode.Ok, check.Output + check.Error);
        CapturedRun test = CapturedRun.Of("policy", "test", policies);
        Assert.True(test.ExitCode == ExitCode.Ok, test.Output + test.Error);
    }

    [Fact]
    public void EveryDenialOfTheTrafficNamesAPolicy()
    {
        HashSet<string> policies = [.. Directory.EnumerateFiles(Path.Combine(Clinic.Folder, "policies"))
            .SelectMany(File.ReadLines).Where(line => line.StartsWith("policy: ", StringComparison.Ordinal)).Select(line => line["policy: ".Length..])];
        foreach (DemoRequest request in DemoRequest.Read(Path.Combine(Clinic.Folder, "traffic.yaml")))
        {
            Assert.True(request.Outcome is "allowed" or "denied" or "alerted", request.Name);
            Assert.Equal(request.Outcome != "allowed", request.Policy is not null);
            if (request.Policy is { } policy) Assert.Contains(policy, policies);
        }
    }

    /// <summary>Each leak of the story happens: without that, stopping it would show nothing.</summary>
    [Fact]
    public async Task WithoutPoliciesEveryLeakHappens()
    {
        var clinic = new Clinic();
        using var relay = new DemoRelay();
        using var outgoing = new OutgoingHttp(HttpGrants.Parse([relay.Address]));
        await using ComponentHttpServer server = await ComponentHttpServer.StartAsync(
            _ => clinic.Unguarded(outgoing, relay.Address), new HttpHostOptions { Concurrency = 1, Deadline = TimeSpan.FromMinutes(2) }, static _ => { });
        using var client = new HttpClient { BaseAddress = new Uri(server.Url) };
        var saved = new Dictionary<string, string>();

        foreach (DemoRequest request in DemoRequest.Read(Path.Combine(Clinic.Folder, "traffic.yaml")))
        {
            using var message = new HttpRequestMessage(HttpMethod.Parse(request.Method), request.Path(saved));
            if (request.Body is { } body) message.Content = JsonContent.Create(body);
            using HttpResponseMessage response = await client.SendAsync(message);
            string text = await response.Content.ReadAsStringAsync();
            Assert.True((int)response.StatusCode == request.UnguardedStatus, $"{request.Name}: {(int)response.StatusCode} {text}");

            JsonNode answer = JsonNode.Parse(text)!;
            foreach ((string field, JsonNode? value) in request.Answer ?? [])
                Assert.True(JsonNode.DeepEquals(value, answer[field]), $"{request.Name}: expected {value} in '{field}', found {text}");
            foreach ((string name, string field) in request.Save) saved[name] = answer[field]!.GetValue<string>();

            string[] mail = relay.Take();
            Assert.Equal(request.UnguardedMail.Length == 0 ? 0 : 1, mail.Length);
            foreach (string part in request.UnguardedMail) Assert.Contains(part, JsonSerializer.Deserialize<JsonElement>(mail[0]).ToString());
        }
    }
}
