//! The door to the HTTP server: so many may be inside at once, and who says or takes nothing for long is put out. What
//! happens here is no matter of the engine, which goes on whoever knocks.

use axum::serve::Listener;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;

/// Connections at once; one more is closed as soon as it is made.
pub const MAX_CONNECTIONS: usize = 2_048;
/// A connection on which nothing is read or written for so long is closed.
pub const IDLE: Duration = Duration::from_secs(60);

/// A listener with these bounds.
pub struct Door {
    listener: TcpListener,
    room: Arc<Semaphore>,
    turned_away: Box<dyn Fn() + Send>,
}

impl Door {
    /// A door in front of `listener`; `turned_away` is called for each connection that finds no room.
    pub fn new(listener: TcpListener, turned_away: impl Fn() + Send + 'static) -> Door {
        Door { listener, room: Arc::new(Semaphore::new(MAX_CONNECTIONS)), turned_away: Box::new(turned_away) }
    }
}

impl Listener for Door {
    type Io = Visitor;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Visitor, SocketAddr) {
        loop {
            // As axum does it: errors are logged there, and waited out.
            let (stream, address) = Listener::accept(&mut self.listener).await;
            match self.room.clone().try_acquire_owned() {
                Ok(permit) => {
                    let mut stream = TimeoutStream::new(stream);
                    stream.set_read_timeout(Some(IDLE));
                    stream.set_write_timeout(Some(IDLE));
                    return (Visitor { stream: Box::pin(stream), _permit: permit }, address);
                }
                Err(_) => (self.turned_away)(),
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that keeps its place until it is closed.
pub struct Visitor {
    stream: Pin<Box<TimeoutStream<TcpStream>>>,
    _permit: OwnedSemaphorePermit,
}

impl AsyncRead for Visitor {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_read(context, into)
    }
}

impl AsyncWrite for Visitor {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        let written = self.stream.as_mut().poll_write(context, from);
        if let Poll::Ready(Ok(1..)) = written {
            // Who takes what is sent for hours has nothing to say meanwhile, and is not idle.
            self.stream.as_mut().set_read_timeout_pinned(Some(IDLE));
        }
        written
    }
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_flush(context)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_shutdown(context)
    }
}
