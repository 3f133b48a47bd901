//! The door to the HTTP server: so many may be inside at once, and who says or takes nothing for long is put out, with TLS
//! as without. What happens here is no matter of the engine, which goes on whoever knocks.

use super::access::Access;
use axum::serve::Listener;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Connections at once; one more is closed as soon as it is made.
pub const MAX_CONNECTIONS: usize = 2_048;
/// A connection on which nothing is read or written for so long is closed.
pub const IDLE: Duration = Duration::from_secs(60);
/// A client that has not agreed on keys after so long, however busy it was, is put out.
pub const GREETING: Duration = Duration::from_secs(10);

/// Why a connection came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotIn {
    /// There was no room.
    NoRoom,
    /// Client and server did not agree on keys: a certificate that is not trusted, or no TLS at all.
    NoTls,
}

/// A listener with these bounds.
pub struct Door {
    listener: TcpListener,
    room: Arc<Semaphore>,
    access: Arc<Access>,
    count: Arc<dyn Fn(NotIn) + Send + Sync>,
}

impl Door {
    /// A door in front of `listener`; `count` is called for each connection that comes to nothing.
    pub fn new(listener: TcpListener, access: Arc<Access>, count: impl Fn(NotIn) + Send + Sync + 'static) -> Door {
        Door { listener, room: Arc::new(Semaphore::new(MAX_CONNECTIONS)), access, count: Arc::new(count) }
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
                    let line = match self.access.tls() {
                        None => Line::Open(Box::pin(stream)),
                        Some(tls) => Line::Greeting(Box::pin(greet(tls, stream, self.count.clone()))),
                    };
                    return (Visitor { line, _permit: permit }, address);
                }
                Err(_) => (self.count)(NotIn::NoRoom),
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// Agrees on keys with a client.
async fn greet(
    tls: TlsAcceptor,
    stream: TimeoutStream<TcpStream>,
    count: Arc<dyn Fn(NotIn) + Send + Sync>,
) -> io::Result<Wire> {
    let greeted = tokio::time::timeout(GREETING, tls.accept(Box::pin(stream))).await;
    let greeted = greeted.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    if greeted.is_err() {
        count(NotIn::NoTls);
    }
    Ok(Box::pin(greeted?))
}

/// What carries bytes both ways.
trait Duplex: AsyncRead + AsyncWrite + Send {
    /// Hears that the client takes what is sent: who does so for hours has nothing to say meanwhile, and is not idle.
    fn is_taking(self: Pin<&mut Self>);
}

impl Duplex for TimeoutStream<TcpStream> {
    fn is_taking(self: Pin<&mut Self>) {
        self.set_read_timeout_pinned(Some(IDLE));
    }
}

impl Duplex for TlsStream<Pin<Box<TimeoutStream<TcpStream>>>> {
    fn is_taking(self: Pin<&mut Self>) {
        let (stream, _) = self.get_mut().get_mut();
        stream.as_mut().set_read_timeout_pinned(Some(IDLE));
    }
}

type Wire = Pin<Box<dyn Duplex>>;

/// How far a connection has come.
enum Line {
    Greeting(Pin<Box<dyn Future<Output = io::Result<Wire>> + Send>>),
    Open(Wire),
    Closed,
}

/// A connection that keeps its place until it is closed. Greeting it is its own work: nobody waits at the door meanwhile.
pub struct Visitor {
    line: Line,
    _permit: OwnedSemaphorePermit,
}

impl Visitor {
    fn poll_wire(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Pin<&mut dyn Duplex>>> {
        if let Line::Greeting(greeting) = &mut self.line {
            let greeted = ready!(greeting.as_mut().poll(context));
            self.line = Line::Closed;
            self.line = Line::Open(greeted?);
        }
        Poll::Ready(match &mut self.line {
            Line::Open(wire) => Ok(wire.as_mut()),
            Line::Greeting(_) | Line::Closed => Err(io::ErrorKind::NotConnected.into()),
        })
    }
}

impl AsyncRead for Visitor {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_wire(context))?.poll_read(context, into)
    }
}

impl AsyncWrite for Visitor {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        let mut wire = ready!(self.poll_wire(context))?;
        let written = wire.as_mut().poll_write(context, from);
        if let Poll::Ready(Ok(1..)) = written {
            wire.is_taking();
        }
        written
    }
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_wire(context))?.poll_flush(context)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_wire(context))?.poll_shutdown(context)
    }
}
