"""Makes sure that Ctrl-C or SIGTERM ends a training."""

import _thread
import contextlib
import signal
import sys
import threading
from collections.abc import Iterator

SECONDS = 1.0  # from one attempt to the next
WORDS = {signal.SIGINT: "interrupted.", signal.SIGTERM: "ended by SIGTERM."}


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Ends what is done inside with KeyboardInterrupt when one of the two signals arrives.

    Python raises that exception wherever the program is, and some are lost there: where Python
    calls a function because an object is no longer needed, and where TensorFlow turns Python into a
    graph and meets one. TensorFlow drops it, or raises a TypeError or the like in its place. So the
    signal is sent again each second until the exception arrives here, and any other error that
    arrives is replaced by it.

    Raises:
        KeyboardInterrupt: with a sentence that names what happened.
    """
    words, timers = [], []

    def interrupt(number: int, frame: object) -> None:
        words.append(WORDS[number])
        timer = threading.Timer(SECONDS, _send, [number])
        timer.daemon = True
        timer.start()
        timers.append(timer)
        raise KeyboardInterrupt(words[0])

    def report(unraisable: object) -> None:
        if unraisable.exc_type is not KeyboardInterrupt:  # one that Python dropped comes again
            hook(unraisable)

    hook, sys.unraisablehook = sys.unraisablehook, report
    # who ignores a signal, as `nohup` and shell scripts do in the background, goes on ignoring it
    heeded = [number for number in WORDS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, interrupt) for number in heeded}
    try:
        yield
    except Exception as error:
        if words:
            raise KeyboardInterrupt(words[0]) from error
        raise
    finally:
        for timer in timers:
            timer.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)
        sys.unraisablehook = hook


def _send(number: int) -> None:
    """Sends the signal to the main thread, which may be waiting for the system."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident, number)
    else:  # Windows
        _thread.interrupt_main(number)
