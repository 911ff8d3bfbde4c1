using Chain.Tracer.Calls;
using Chain.Tracer.Recording;
using Chain.Tracer.Tags;

namespace Chain.Cli.Bench;

/// <summary>
/// Calls as a small set of services makes them: traces of ten calls (one, three, six), 21 components, 24 labels, now and then a failure.
/// </summary>
internal sealed class ServiceLoad
{
    private readonly CallRecorder _recorder;
    private readonly LabelId[] _labels = new LabelId[24];
    private readonly CallSiteId[] _front = new CallSiteId[3];
    private readonly CallSiteId[] _middle = new CallSiteId[6];
    private readonly CallSiteId[] _back = new CallSiteId[12];

    public ServiceLoad(CallRecorder recorder, LabelStore labels, CallNames names)
    {
        _recorder = recorder;
        for (int i = 0; i < _labels.Length; i++) _labels[i] = labels.Intern(Label.Parse($"pii,tenant={i % 8},region={i / 8}"));
        for (int i = 0; i < _front.Length; i++) _front[i] = names.Intern(new CallSite(ComponentRef.Outside, Component("front", i),
            new FunctionRef("handle")));
        for (int i = 0; i < _middle.Length; i++) _middle[i] = names.Intern(new CallSite(Component("front", i / 2), Component("middle", i),
            new FunctionRef("work")));
        for (int i = 0; i < _back.Length; i++) _back[i] = names.Intern(new CallSite(Component("middle", i / 2), Component("back", i),
            new FunctionRef("store")));
    }

    /// <summary>Records whole traces, for any thread.</summary>
    public void Run(int traces, Random random)
    {
        for (int i = 0; i < traces; i++)
        {
            int pick = random.Next();
            LabelId label = _labels[pick % _labels.Length];
            ActiveCall root = _recorder.Start(default, _front[pick % 3], default);
            for (int m = 0; m < 3; m++)
            {
                ActiveCall middle = _recorder.Start(root.Context, _middle[(pick + m) % 6], label);
                for (int b = 0; b < 2; b++)
                {
                    ActiveCall back = _recorder.Start(middle.Context, _back[(pick + m + b) % 12], label);
                    _recorder.End(back, new CallEnd { LabelOut = label, SizeIn = 100 + b, SizeOut = 300, Copies = 2 });
                }

                _recorder.End(middle, new CallEnd { LabelOut = label, SizeIn = 200, SizeOut = 700, Copies = 2 });
            }

            _recorder.End(root, new CallEnd { LabelOut = label, SizeIn = 400, SizeOut = 1000, Outcome = pick % 100 == 0
                ? CallOutcome.ErrorResult : CallOutcome.Returned });
        }
    }

    private static ComponentRef Component(string layer, int number) => new($"shop/{layer}{number}", $"sha256:{number:x8}");
}
