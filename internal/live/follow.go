package live

import (
	"context"
	"errors"
	"time"

	"github.com/assay-project/assay/internal/assay"
)

// How the engine is followed.
const (
	// listEvery is how often the list is compared with the rows, should an
	// event have been lost.
	listEvery = 30 * time.Second
	// retryAfter is how long an engine that went away is left alone.
	retryAfter = time.Second
)

// follow keeps the rows equal to the engine's running containers until ctx
// ends. When the engine goes away the rows stay: their containers may run on.
func (c *Collector) follow(ctx context.Context) {
	for {
		err := c.followOnce(ctx)
		if ctx.Err() != nil {
			return
		}
		c.mu.Lock()
		c.report("engine", err)
		c.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-time.After(retryAfter):
		}
	}
}

// followOnce follows one stream of events to its end.
func (c *Collector) followOnce(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// The list comes second: what starts between the two is in the stream.
	events, err := c.cfg.Engine.Events(ctx)
	if err != nil {
		return err
	}
	if err := c.reconcile(ctx); err != nil {
		return err
	}
	c.mu.Lock()
	c.report("engine", nil)
	c.mu.Unlock()
	list := time.NewTicker(listEvery)
	defer list.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case event, ok := <-events:
			if !ok {
				return errors.New("the engine's stream of events ended")
			}
			if !event.Running {
				c.remove(event.ID)
			} else if err := c.add(ctx, event.ID); err != nil {
				return err
			}
		case <-list.C:
			if err := c.reconcile(ctx); err != nil {
				return err
			}
		}
	}
}

// reconcile makes the rows equal to the engine's list.
func (c *Collector) reconcile(ctx context.Context) error {
	ids, err := c.cfg.Engine.Running(ctx)
	if err != nil {
		return err
	}
	running := make(map[string]bool, len(ids))
	for _, id := range ids {
		running[id] = true
		if err := c.add(ctx, id); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for id := range c.rows {
		if !running[id] {
			c.drop(id)
			c.Refresh()
		}
	}
	return nil
}

// add makes the row of a container that started, unless there is one or it
// has ended already.
func (c *Collector) add(ctx context.Context, id string) error {
	c.mu.Lock()
	known := c.rows[id] != nil
	c.mu.Unlock()
	if known {
		return nil
	}
	container, err := c.cfg.Engine.Container(ctx, id)
	if assay.CodeOf(err) == assay.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	files, err := openCgroup(c.cfg.Root, id, container.PID)
	if errors.Is(err, errGone) {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.report(id, err) // the row is shown all the same, without figures
	c.rows[id] = &row{container: container, cgroup: files}
	c.Refresh()
	return nil
}

// remove takes the row of a container that ended away.
func (c *Collector) remove(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rows[id] != nil {
		c.drop(id)
		c.Refresh()
	}
}
