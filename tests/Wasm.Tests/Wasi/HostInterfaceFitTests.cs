using Chain.Wasm.Components.CanonicalAbi.Compilation;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Wasi.Config;
using Chain.Wasm.Wasi.Http;
using Chain.Wasm.Wasi.Keyvalue;
using Chain.Wasm.Wasi.Logging;

namespace Chain.Wasm.Tests.Wasi;

/// <summary>The host's interfaces have the functions of their WIT, no more and no less, and each can stand for an import.</summary>
public sealed class HostInterfaceFitTests
{
    private const string HttpTypes = """
        resource pollable
        resource io-error
        resource input-stream
        resource output-stream
        resource fields
        resource incoming-request
        resource outgoing-request
        resource request-options
        resource response-outparam
        resource incoming-response
        resource incoming-body
        resource future-trailers
        resource outgoing-response
        resource outgoing-body
        resource future-incoming-response
        variant method get, head, post, put, delete, connect, options, trace, patch, other(string)
        variant scheme HTTP, HTTPS, other(string)
        variant header-error invalid-syntax, forbidden, immutable
        record DNS-error-payload rcode: option<string>, info-code: option<u16>
        record TLS-alert-received-payload alert-id: option<u8>, alert-message: option<string>
        record field-size-payload field-name: option<string>, field-size: option<u32>
        variant error-code DNS-timeout, DNS-error(DNS-error-payload), destination-not-found, destination-unavailable, destination-IP-prohibited, destination-IP-unroutable, connection-refused, connection-terminated, connection-timeout, connection-read-timeout, connection-write-timeout, connection-limit-reached, TLS-protocol-error, TLS-certificate-error, TLS-alert-received(TLS-alert-received-payload), HTTP-request-denied, HTTP-request-length-required, HTTP-request-body-size(option<u64>), HTTP-request-method-invalid, HTTP-request-URI-invalid, HTTP-request-URI-too-long, HTTP-request-header-section-size(option<u32>), HTTP-request-header-size(option<field-size-payload>), HTTP-request-trailer-section-size(option<u32>), HTTP-request-trailer-size(field-size-payload), HTTP-response-incomplete, HTTP-response-header-section-size(option<u32>), HTTP-response-header-size(field-size-payload), HTTP-response-body-size(option<u64>), HTTP-response-trailer-section-size(option<u32>), HTTP-response-trailer-size(field-size-payload), HTTP-response-transfer-coding(option<string>), HTTP-response-content-coding(option<string>), HTTP-response-timeout, HTTP-upgrade-failed, HTTP-protocol-error, loop-detected, configuration-error, internal-error(option<string>)
        """;

    private const string HttpFunctions = """
        http-error-code: func(err: borrow<io-error>) -> option<error-code>
        [constructor]fields: func() -> fields
        [static]fields.from-list: func(entries: list<tuple<string, list<u8>>>) -> result<fields, header-error>
        [method]fields.get: func(self: borrow<fields>, name: string) -> list<list<u8>>
        [method]fields.has: func(self: borrow<fields>, name: string) -> bool
        [method]fields.set: func(self: borrow<fields>, name: string, value: list<list<u8>>) -> result<_, header-error>
        [method]fields.delete: func(self: borrow<fields>, name: string) -> result<_, header-error>
        [method]fields.append: func(self: borrow<fields>, name: string, value: list<u8>) -> result<_, header-error>
        [method]fields.entries: func(self: borrow<fields>) -> list<tuple<string, list<u8>>>
        [method]fields.clone: func(self: borrow<fields>) -> fields
        [method]incoming-request.method: func(self: borrow<incoming-request>) -> method
        [method]incoming-request.path-with-query: func(self: borrow<incoming-request>) -> option<string>
        [method]incoming-request.scheme: func(self: borrow<incoming-request>) -> option<scheme>
        [method]incoming-request.authority: func(self: borrow<incoming-request>) -> option<string>
        [method]incoming-request.headers: func(self: borrow<incoming-request>) -> fields
        [method]incoming-request.consume: func(self: borrow<incoming-request>) -> result<incoming-body>
        [constructor]outgoing-request: func(headers: fields) -> outgoing-request
        [method]outgoing-request.body: func(self: borrow<outgoing-request>) -> result<outgoing-body>
        [method]outgoing-request.method: func(self: borrow<outgoing-request>) -> method
        [method]outgoing-request.set-method: func(self: borrow<outgoing-request>, method: method) -> result
        [method]outgoing-request.path-with-query: func(self: borrow<outgoing-request>) -> option<string>
        [method]outgoing-request.set-path-with-query: func(self: borrow<outgoing-request>, path-with-query: option<string>) -> result
        [method]outgoing-request.scheme: func(self: borrow<outgoing-request>) -> option<scheme>
        [method]outgoing-request.set-scheme: func(self: borrow<outgoing-request>, scheme: option<scheme>) -> result
        [method]outgoing-request.authority: func(self: borrow<outgoing-request>) -> option<string>
        [method]outgoing-request.set-authority: func(self: borrow<outgoing-request>, authority: option<string>) -> result
        [method]outgoing-request.headers: func(self: borrow<outgoing-request>) -> fields
        [constructor]request-options: func() -> request-options
        [method]request-options.connect-timeout: func(self: borrow<request-options>) -> option<u64>
        [method]request-options.set-connect-timeout: func(self: borrow<request-options>, duration: option<u64>) -> result
        [method]request-options.first-byte-timeout: func(self: borrow<request-options>) -> option<u64>
        [method]request-options.set-first-byte-timeout: func(self: borrow<request-options>, duration: option<u64>) -> result
        [method]request-options.between-bytes-timeout: func(self: borrow<request-options>) -> option<u64>
        [method]request-options.set-between-bytes-timeout: func(self: borrow<request-options>, duration: option<u64>) -> result
        [method]response-outparam.send-informational: func(self: borrow<response-outparam>, status: u16, headers: fields) -> result<_, error-code>
        [static]response-outparam.set: func(param: response-outparam, response: result<outgoing-response, error-code>)
        [method]incoming-response.status: func(self: borrow<incoming-response>) -> u16
        [method]incoming-response.headers: func(self: borrow<incoming-response>) -> fields
        [method]incoming-response.consume: func(self: borrow<incoming-response>) -> result<incoming-body>
        [method]incoming-body.stream: func(self: borrow<incoming-body>) -> result<input-stream>
        [static]incoming-body.finish: func(this: incoming-body) -> future-trailers
        [method]future-trailers.subscribe: func(self: borrow<future-trailers>) -> pollable
        [method]future-trailers.get: func(self: borrow<future-trailers>) -> option<result<result<option<fields>, error-code>>>
        [constructor]outgoing-response: func(headers: fields) -> outgoing-response
        [method]outgoing-response.status-code: func(self: borrow<outgoing-response>) -> u16
        [method]outgoing-response.set-status-code: func(self: borrow<outgoing-response>, status-code: u16) -> result
        [method]outgoing-response.headers: func(self: borrow<outgoing-response>) -> fields
        [method]outgoing-response.body: func(self: borrow<outgoing-response>) -> result<outgoing-body>
        [method]outgoing-body.write: func(self: borrow<outgoing-body>) -> result<output-stream>
        [static]outgoing-body.finish: func(this: outgoing-body, trailers: option<fields>) -> result<_, error-code>
        [method]future-incoming-response.subscribe: func(self: borrow<future-incoming-response>) -> pollable
        [method]future-incoming-response.get: func(self: borrow<future-incoming-response>) -> option<result<result<incoming-response, error-code>>>
        """;

    private const string Store = """
        resource bucket
        variant error no-such-store, access-denied, other(string)
        open: func(identifier: string) -> result<bucket, error>
        [method]bucket.get: func(self: borrow<bucket>, key: string) -> result<option<list<u8>>, error>
        [method]bucket.set: func(self: borrow<bucket>, key: string, value: list<u8>) -> result<_, error>
        [method]bucket.delete: func(self: borrow<bucket>, key: string) -> result<_, error>
        [method]bucket.exists: func(self: borrow<bucket>, key: string) -> result<bool, error>
        """;

    private const string Batch = """
        resource bucket
        variant error no-such-store, access-denied, other(string)
        set-many: func(bucket: borrow<bucket>, key-values: list<tuple<string, list<u8>>>) -> result<_, error>
        delete-many: func(bucket: borrow<bucket>, keys: list<string>) -> result<_, error>
        """;

    private const string Config = """
        variant error upstream(string), io(string)
        get: func(key: string) -> result<option<string>, error>
        get-all: func() -> result<list<tuple<string, string>>, error>
        """;

    public static TheoryData<string, string> Interfaces => new()
    {
        { "wasi:http/types@0.2.12", HttpTypes + "\n" + HttpFunctions },
        {
            "wasi:http/outgoing-handler@0.2.12",
            HttpTypes + "\nhandle: func(request: outgoing-request, options: option<request-options>) -> result<future-incoming-response, error-code>"
        },
        {
            "wasi:keyvalue/store@0.2.0-draft",
            "record key-response keys: list<string>, cursor: option<u64>\n" + Store
            + "\n[method]bucket.list-keys: func(self: borrow<bucket>, cursor: option<u64>) -> result<key-response, error>"
        },
        {
            "wasi:keyvalue/store@0.2.0-draft2",
            "record key-response keys: list<string>, cursor: option<string>\n" + Store
            + "\n[method]bucket.list-keys: func(self: borrow<bucket>, cursor: option<string>) -> result<key-response, error>"
        },
        {
            "wasi:keyvalue/atomics@0.2.0-draft",
            """
            resource bucket
            variant error no-such-store, access-denied, other(string)
            increment: func(bucket: borrow<bucket>, key: string, delta: u64) -> result<u64, error>
            """
        },
        {
            "wasi:keyvalue/atomics@0.2.0-draft2",
            """
            resource bucket
            resource cas
            variant error no-such-store, access-denied, other(string)
            variant cas-error store-error(error), cas-failed(cas)
            [static]cas.new: func(bucket: borrow<bucket>, key: string) -> result<cas, error>
            [method]cas.current: func(self: borrow<cas>) -> result<option<list<u8>>, error>
            increment: func(bucket: borrow<bucket>, key: string, delta: s64) -> result<s64, error>
            swap: func(cas: cas, value: list<u8>) -> result<_, cas-error>
            """
        },
        {
            "wasi:keyvalue/batch@0.2.0-draft",
            Batch + "\nget-many: func(bucket: borrow<bucket>, keys: list<string>) -> result<list<option<tuple<string, list<u8>>>>, error>"
        },
        {
            "wasi:keyvalue/batch@0.2.0-draft2",
            Batch + "\nget-many: func(bucket: borrow<bucket>, keys: list<string>) -> result<list<tuple<string, option<list<u8>>>>, error>"
        },
        { "wasi:config/store@0.2.0-rc.1", Config },
        { "wasi:config/store@0.2.0-draft", Config },
        { "wasi:config/runtime@0.2.0-draft", Config },
        { "wasi:logging/logging", "enum level trace, debug, info, warn, error, critical\nlog: func(level: level, context: string, message: string)" },
        { "wasi:logging/logging@0.1.0-draft", "enum level trace, debug, info, warn, error, critical\nlog: func(level: level, context: string, message: string)" },
    };

    private static IEnumerable<HostInterface> Offered => [.. HttpInterfaces.All, .. KeyValueInterfaces.All, .. ConfigInterfaces.All, .. LoggingInterfaces.All];

    [Theory]
    [MemberData(nameof(Interfaces))]
    public void EachFunctionOfTheTextIsOfferedAndFits(string name, string wit)
    {
        HostInterface offered = Offered.Single(one => one.Name == name);
        IReadOnlyDictionary<string, FuncType> functions = new WitSignature(wit).Functions;
        Assert.Equal(functions.Keys.Order(), offered.Functions.Keys.Order());
        foreach ((string function, FuncType type) in functions) LowerAdapter.CheckFits(type, offered.Functions[function]);
    }

    [Fact]
    public void NoInterfaceGoesUnchecked() =>
        Assert.Equal(Offered.Select(one => one.Name).Order(), Interfaces.Select(row => (string)row[0]).Order());

    [Fact]
    public void EachKindOfErrorHasItsCase()
    {
        Assert.Equal(Enum.GetValues<ErrorKind>().Length, ErrorCode.Cases.Count);
        foreach (ErrorKind kind in Enum.GetValues<ErrorKind>())
            Assert.Equal(kind.ToString(), ErrorCode.Cases[(int)kind].Label.Replace("-", ""), ignoreCase: true);
    }
}
