//! systemd: sockets that it opened, and the notifications of a unit with `Type=notify-reload`.
//!
//! Without systemd, `NOTIFY_SOCKET` is not set, and every notification is a no-op.

use anyhow::{Context as _, ensure};
use listenfd::ListenFd;
use sd_notify::NotifyState;
use tokio::net::TcpListener;

/// The sockets of the socket unit.
pub(crate) fn listeners() -> anyhow::Result<Vec<TcpListener>> {
    let mut sockets = ListenFd::from_env();
    let mut listeners = Vec::new();
    for index in 0..sockets.len() {
        let listener =
            sockets.take_tcp_listener(index).context("invalid socket from systemd: expected a TCP socket")?;
        let Some(listener) = listener else { continue };
        listener.set_nonblocking(true)?;
        listeners.push(TcpListener::from_std(listener)?);
    }
    ensure!(
        !listeners.is_empty(),
        "no socket from systemd: start the service through a socket unit, or remove --web.systemd-socket"
    );
    Ok(listeners)
}

/// Reports that startup or a reload is complete.
pub(crate) fn notify_ready() {
    notify(&[NotifyState::Ready]);
}

/// Reports the start of a reload. systemd waits for [`notify_ready`] after it, and ignores a
/// notification whose time is before its own SIGHUP.
pub(crate) fn notify_reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(time) => notify(&[NotifyState::Reloading, time]),
        Err(error) => tracing::warn!(%error, "cannot read the monotonic clock"),
    }
}

/// Reports the start of shutdown.
pub(crate) fn notify_stopping() {
    notify(&[NotifyState::Stopping]);
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "cannot notify systemd");
    }
}
