using Chain.Tracer.Calls;

namespace Chain.Tracer.Recording.Buffers;

/// <summary>Names as <see cref="BinaryWriter"/> writes them, in the spool and in the journal alike.</summary>
internal static class NameText
{
    public static void Write(BinaryWriter writer, CallSite site)
    {
        foreach (string? part in (string?[])[site.Caller.Name, site.Caller.Version, site.Callee.Name, site.Callee.Version, site.Function.Name, site.Host])
            writer.Write(part ?? "");
        writer.Write((short)site.Attempt);
    }

    public static void Write(BinaryWriter writer, StateKey key)
    {
        foreach (string? part in (string?[])[key.Component, key.Store, key.Key]) writer.Write(part ?? "");
    }

    /// <param name="reader">Where it is.</param>
    /// <param name="withHost">Whether it was written with host and attempt, which frames of the first version lack.</param>
    public static CallSite ReadSite(BinaryReader reader, bool withHost = true)
    {
        var site = new CallSite(
            new ComponentRef(reader.ReadString(), reader.ReadString()), new ComponentRef(reader.ReadString(), reader.ReadString()), new FunctionRef(reader.ReadString()));
        return withHost ? site with { Host = reader.ReadString(), Attempt = reader.ReadInt16() } : site;
    }

    public static StateKey ReadKey(BinaryReader reader) => new(reader.ReadString(), reader.ReadString(), reader.ReadString());
}
