using Chain.Wasm.Components.Hosting;
namespace Chain.Wasm.Wasi.Filesystem;
internal static class PortableNode
{
    public static HostNode OpenRoot(string hostPath) => throw new PlatformNotSupportedException();
}
